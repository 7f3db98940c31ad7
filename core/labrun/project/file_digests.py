"""The convention for files that a plugin reads: a field `image` for the path, a field `image_sha256` for the digest of the content.

The digest stands in the key of a stage, so that results follow from what a file holds. Where a project gives the path alone, the digest is
taken when the project is checked. A file that cannot be read is left to the plugin's own check.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from labrun.contracts.plugin import Plugin
from labrun.files.digests import cached_sha256

__all__ = ["digest_field", "digests_of_columns", "with_digests"]


def digest_field(field: str) -> str:
    """Return the name of the field for the digest of a file."""
    return f"{field}_sha256"


def with_digests(plugin: type[Plugin], config: Mapping[str, Any]) -> dict[str, Any]:
    """Complete a configuration with the digests of the files that it names without one."""
    taken: dict[str, Any] = {}
    for field in _without_digest(plugin, config):
        try:
            taken[digest_field(field)] = cached_sha256(Path(config[field]))
        except (OSError, ValueError, TypeError):  # not there, or not a path
            continue
    return {**config, **taken}


def digests_of_columns(plugin: type[Plugin], columns: Mapping[str, list[Any]]) -> dict[str, list[str]]:
    """Return a column of digests for each swept column of files that has none."""
    taken: dict[str, list[str]] = {}
    for field in _without_digest(plugin, columns):
        try:
            known = {file: cached_sha256(Path(file)) for file in dict.fromkeys(columns[field])}
        except (OSError, ValueError, TypeError):
            continue
        taken[digest_field(field)] = [known[file] for file in columns[field]]
    return taken


def _without_digest(plugin: type[Plugin], given: Mapping[str, Any]) -> Iterator[str]:
    fields = plugin.model_fields
    return (name for name in given if digest_field(name) in fields and not given.get(digest_field(name)))

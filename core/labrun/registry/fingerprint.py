"""The fingerprint of a plugin: a hash of all code that its results rest on.

Comments, docstrings and layout do not count, nor does the place where a module lives: an import counts by the content that it brings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from labrun.files.digests import cached_sha256, digest_of
from labrun.registry.code import CodeFile, code_behind
from labrun.registry.offers import Offer
from labrun.registry.syntax import Import

__all__ = ["Fingerprint", "fingerprint"]


@dataclass(frozen=True)
class Fingerprint:
    """The hash of a plugin's code; and that of each file by itself, by name, so that a change can be traced to its module."""

    digest: str
    files: Mapping[str, str]


def fingerprint(offer: Offer) -> Fingerprint:
    """Hash the code that the results of a plugin rest on (see `labrun.registry.code`)."""
    code = code_behind(offer)
    bodies = {name: _body(file) for name, file in code.items()}
    digests = sorted(_digest(file, bodies) for file in code.values())
    return Fingerprint(digest_of(digests), {name: _alone(file, bodies) for name, file in sorted(code.items())})


def _body(file: CodeFile) -> str:
    """Hash a file's own content, whatever it imports."""
    if file.source is not None:
        return hashlib.sha256(file.source.body).hexdigest()
    return cached_sha256(Path(file.path))


def _alone(file: CodeFile, bodies: Mapping[str, str]) -> str:
    """Hash a file as it is written, for messages about changes."""
    return digest_of([bodies[file.name], sorted([one.module, one.name, one.alias] for one, _ in file.imports)])


def _digest(file: CodeFile, bodies: Mapping[str, str]) -> str:
    """Hash a module with the bodies that its imports lead to, or a data file with its place in the package, by which code reads it."""
    if file.source is None:
        return digest_of([file.name, bodies[file.name]])
    return digest_of([bodies[file.name], sorted(_entry(one, target, bodies) for one, target in file.imports)])


def _entry(one: Import, target: str, bodies: Mapping[str, str]) -> list[str]:
    if target:
        taken = "" if target.endswith(f".{one.name}") else one.name
        return [bodies[target], taken, one.alias]
    module = "labrun" if one.module.split(".")[0] == "labrun" and one.name else one.module
    return [module, one.name, one.alias]

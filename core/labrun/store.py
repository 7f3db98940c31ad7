"""The store: each result in a folder of its own under its key, there whole or not at all.

`<store>/<section>/<key>/` holds the files of a result, and `manifest.json`, which is written last: sizes, SHA-256 of
each file, the plain inputs of the key, wall time. Without it the folder is work in progress, from which the next run
goes on. Nothing is locked: two runs that make the same result make the same bytes, and the first to finish wins.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from labrun.files import is_temporary, sha256_of, sync_folder, temporary_name, write_json

__all__ = ["MANIFEST", "Manifest", "Store"]

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Manifest:
    """What a finished result consists of, and what it was made from."""

    key: str
    section: str
    stage: str
    inputs: dict[str, Any]
    seconds: float
    files: dict[str, dict[str, Any]]
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Store:
    """A folder of results."""

    root: Path

    def folder(self, section: str, key: str) -> Path:
        """Where a result lies, or will lie."""
        return self.root / section / key

    def manifest(self, section: str, key: str) -> Manifest | None:
        """The manifest of a finished result; None if it is not there whole (sizes are compared, contents are not)."""
        folder = self.folder(section, key)
        try:
            manifest = Manifest(**json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
            sizes = ((folder / name).stat().st_size == entry["size"] for name, entry in manifest.files.items())
            return manifest if all(sizes) else None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def checkpoints(self, key: str) -> Path:
        """Where a training keeps what it needs only until it is finished."""
        return self.root / "checkpoints" / key

    @contextmanager
    def building(self, section: str, key: str) -> Iterator[Path]:
        """Yield a folder to build a result in; on success it takes its place, unless another run was first."""
        final = self.folder(section, key)
        final.parent.mkdir(parents=True, exist_ok=True)
        folder = temporary_name(final)
        folder.mkdir()
        try:
            yield folder
            if self.manifest(section, key) is None:
                self.discard(section, key)  # what is there is damaged
            try:
                folder.rename(final)
            except OSError:
                if self.manifest(section, key) is None:  # otherwise another run was first
                    raise
            sync_folder(final.parent)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def seal(
        self, folder: Path, section: str, key: str, stage: str, inputs: dict[str, Any], seconds: float, **notes: Any
    ) -> None:
        """Write the manifest of a folder whose files are all there."""
        paths = [
            path
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not is_temporary(path) and path != folder / MANIFEST
        ]
        files = {p.relative_to(folder).as_posix(): {"size": p.stat().st_size, "sha256": sha256_of(p)} for p in paths}
        for path in paths:
            path.chmod(0o444)
        write_json(folder / MANIFEST, asdict(Manifest(key, section, stage, inputs, seconds, files, notes)))

    def discard(self, section: str, key: str) -> None:
        """Remove a result, finished or not, and the checkpoints on the way to it.

        It loses its name at once, so that whoever looks sees all of it or nothing.
        """
        shutil.rmtree(self.checkpoints(key), ignore_errors=True)
        folder = self.folder(section, key)
        aside = temporary_name(folder)
        with suppress(OSError):  # there is none, or another run has just removed it
            folder.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)

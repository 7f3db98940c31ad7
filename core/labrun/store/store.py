"""The store: each result in a folder of its own under its key, there whole or not at all.

`<store>/<section>/<key>/` holds the files of a result, and `manifest.json`, which is written last: size, SHA-256 and time of each file,
the plain inputs of the key, wall time. Without it the folder of a simulation is work in progress, from which the next run goes on. Nothing
is locked: two runs that make the same result make the same bytes, and the first to finish wins.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from labrun.faults import LabrunError
from labrun.files.atomic import is_temporary, read_json, sync_file, sync_folder, temporary_name, write_json
from labrun.files.digests import matches_digest, with_digest
from labrun.files.integrity import CHANGED, Damage, damage_in, mark_damaged, seal_of

__all__ = [
    "CHECKPOINTS",
    "MANIFEST",
    "Manifest",
    "Store",
    "expect_intact",
]

MANIFEST = "manifest.json"
CHECKPOINTS = "checkpoints"


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

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest in a folder.

        Raises:
            FileNotFoundError: there is none.
            OSError, ValueError: it cannot be read, or is damaged.
        """
        record = read_json(folder / MANIFEST)
        try:
            if not matches_digest(record):
                raise ValueError("its content is not what was written")
            record.pop("digest", None)
            manifest = cls(**record)
            if not all({"size", "sha256"} <= entry.keys() for entry in manifest.files.values()):
                raise ValueError("it does not tell sizes and digests")
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"it is no manifest: {error}") from error
        return manifest

    def save(self, folder: Path) -> None:
        """Write it into a folder, with its own digest."""
        write_json(folder / MANIFEST, with_digest(asdict(self)))


@dataclass(frozen=True)
class Store:
    """A folder of results."""

    root: Path

    def folder(self, section: str, key: str) -> Path:
        """Where a result lies, or will lie."""
        return self.root / section / key

    def examine(self, section: str, key: str) -> tuple[Manifest | None, list[Damage]]:
        """The manifest of a finished result, if it is there whole, and what is wrong with one that is not (`labrun.files.integrity`)."""
        folder = self.folder(section, key)
        try:
            manifest = Manifest.read(folder)
        except FileNotFoundError:
            lost = (
                section != "simulations" and folder.is_dir()
            )  # all but simulations get their names when they are sealed
            return None, [Damage(MANIFEST, "is missing")] if lost else []
        except (OSError, ValueError):
            return None, [Damage(MANIFEST, CHANGED)]
        damage = damage_in(folder, manifest.files)
        return (None, damage) if damage else (manifest, [])

    def manifest(self, section: str, key: str) -> Manifest | None:
        """The manifest of a finished result; None if it is not there whole."""
        return self.examine(section, key)[0]

    def checkpoints(self, key: str) -> Path:
        """Where a training keeps what it needs only until it is finished."""
        return self.root / CHECKPOINTS / key

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
                put_away(final)  # what is there is damaged
            try:
                folder.rename(final)
            except OSError:
                if self.manifest(section, key) is None:  # otherwise another run was first
                    raise
            sync_folder(final.parent)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def seal(
        self,
        folder: Path,
        section: str,
        key: str,
        stage: str,
        inputs: dict[str, Any],
        seconds: float,
        expected: Mapping[str, str] | None = None,
        **notes: Any,
    ) -> None:
        """Write the manifest of a folder whose files are all there; those that must be, `expected`, come with their SHA-256.

        Raises:
            LabrunError: one of those is not there, or has changed; what is wrong is made again by the next run.
        """
        files = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not is_temporary(path) and path != folder / MANIFEST:
                if (
                    not expected
                ):  # else the parts of an ensemble, which are on the disk as soon as they have their names
                    sync_file(path)
                files[path.relative_to(folder).as_posix()] = seal_of(path)
                with suppress(PermissionError):  # it belongs to somebody else who uses this store
                    path.chmod(0o444)
        for name, digest in (expected or {}).items():
            if files.get(name, {}).get("sha256") != digest:
                mark_damaged(folder / name)
                problem = CHANGED if name in files else "is missing: has another run removed it?"
                raise LabrunError(f"{folder / name} {problem}. Run the same command again: it makes what is missing")
        Manifest(key, section, stage, inputs, seconds, files, notes).save(folder)

    def discard(self, section: str, key: str) -> None:
        """Remove a result, finished or not, and the checkpoints on the way to it."""
        shutil.rmtree(self.checkpoints(key), ignore_errors=True)
        put_away(self.folder(section, key))


def put_away(folder: Path) -> None:
    """Remove a folder, if there is one. It loses its name at once, so that whoever looks sees all of it or nothing."""
    aside = temporary_name(folder)
    with suppress(OSError):  # there is none, or another run has just removed it
        folder.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


def expect_intact(folder: Path) -> None:
    """Refuse the folder of a stage in a run, or a copy of it, if a file in it is not what was written. Files that are missing, and folders
    without a manifest, are the matter of whoever needs them.

    Raises:
        LabrunError: one is damaged.
    """
    try:
        files = Manifest.read(folder).files
    except (OSError, ValueError):  # others may call their files so, too
        return
    for one in damage_in(folder, {name: seal for name, seal in files.items() if (folder / name).exists()}):
        raise LabrunError(
            f"'{folder / one.name}' {one.problem}: run its project again, which makes it anew, or copy it again"
        )

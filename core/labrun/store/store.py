"""The store: each result in a folder of its own under its key, complete or absent.

`<store>/<section>/<key>/` holds the files of a result and `manifest.json`, which is written last: size, SHA-256 and time of each file, the
plain inputs of the key, wall time. Without it, the folder of a simulation is unfinished, and the next run continues there. Nothing is
locked: two runs that make the same result make the same bytes, and the first to finish wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from labrun.faults import LabrunError
from labrun.files.atomic import read_json, write_json
from labrun.files.digests import matches_digest, with_digest
from labrun.files.guarded import GuardedPath, UnsafePath
from labrun.files.integrity import CHANGED, Damage, damage_in, mark_damaged, seal_of
from labrun.files.temporary import is_temporary

__all__ = ["CHECKPOINTS", "MANIFEST", "Manifest", "NewerManifest", "Store", "expect_intact"]

MANIFEST = "manifest.json"
CHECKPOINTS = "checkpoints"


class NewerManifest(LabrunError, ValueError):
    """A manifest that a newer labrun has written."""


@dataclass(frozen=True)
class Manifest:
    """The contents of a finished result, and the inputs it was made from."""

    key: str
    section: str
    stage: str
    inputs: dict[str, Any]
    seconds: float
    files: dict[str, dict[str, Any]]
    notes: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path | GuardedPath) -> Manifest:
        """Read the manifest in a folder.

        Raises:
            FileNotFoundError: there is none.
            NewerManifest: a newer labrun has written it.
            OSError, ValueError: it cannot be read, or is damaged.
        """
        path = GuardedPath.of(folder) / MANIFEST
        record = read_json(path)
        try:
            if not matches_digest(record):
                raise ValueError("its content is not what was written")
            unknown = record.keys() - {"digest", *(one.name for one in fields(cls))}
            if unknown and "digest" in record:
                raise NewerManifest(
                    f"'{path}' was written by a newer labrun, as it holds {', '.join(sorted(unknown))}: upgrade this one (pip "
                    "install --upgrade labrun), or choose another folder with --runs DIR"
                )
            record.pop("digest", None)
            manifest = cls(**record)
            if not all({"size", "sha256"} <= entry.keys() for entry in manifest.files.values()):
                raise ValueError("it lacks sizes or digests")
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"it is not a manifest: {error}") from error
        return manifest

    def save(self, folder: Path | GuardedPath) -> None:
        """Write it into a folder, with its own digest."""
        write_json(GuardedPath.of(folder) / MANIFEST, with_digest(asdict(self)))


@dataclass(frozen=True)
class Store:
    """A folder of results."""

    root: Path

    def place(self, section: str, key: str) -> GuardedPath:
        """Return the folder of a result, whether it is there or not."""
        return GuardedPath(self.root) / section / key

    def folder(self, section: str, key: str) -> Path:
        """Return the plain path of a result, for messages and for plugins."""
        return self.place(section, key).path

    def guarded(self, path: Path) -> GuardedPath:
        """Return the guarded path of a plain path in the store."""
        return GuardedPath(self.root) / path.relative_to(self.root).as_posix()

    def examine(self, section: str, key: str) -> tuple[Manifest | None, list[Damage]]:
        """Return the manifest of a result that is complete, or the damage of one that was once finished (`labrun.files.integrity`).

        Raises:
            NewerManifest: a newer labrun has written it.
            UnsafePath: a link leads elsewhere.
        """
        try:
            folder = self.place(section, key)
        except UnsafePath:  # the record of a run may hold anything as a key
            return None, []
        try:
            manifest = Manifest.read(folder)
        except FileNotFoundError:
            # only the folder of a simulation has its name before it is sealed
            lost = section != "simulations" and folder.is_folder()
            return None, [Damage(MANIFEST, "is missing")] if lost else []
        except LabrunError:
            raise
        except (OSError, ValueError):
            return None, [Damage(MANIFEST, CHANGED)]
        damage = damage_in(folder, manifest.files)
        return (None, damage) if damage else (manifest, [])

    def manifest(self, section: str, key: str) -> Manifest | None:
        """Return the manifest of a result; None if it is not there complete."""
        return self.examine(section, key)[0]

    def checkpoints(self, key: str) -> GuardedPath:
        """Return the folder in which a training keeps what it needs until it is finished."""
        return self.place(CHECKPOINTS, key)

    @contextmanager
    def building(self, section: str, key: str) -> Iterator[Path]:
        """Yield a new folder to build a result in; on success it takes its place, unless another run was first."""
        final = self.place(section, key)
        folder = final.temporary()
        folder.make_new_folder()
        try:
            yield folder.path
            if self.manifest(section, key) is None:
                put_away(final)  # a damaged result
            try:
                folder.rename_to(final)
            except OSError:
                if self.manifest(section, key) is None:  # otherwise another run was first
                    raise
            final.parent.sync()
        finally:
            folder.remove_all()

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
        """Write the manifest of a folder whose files are all there, and close them to writing. `expected` gives the SHA-256 of files that
        must be among them.

        Raises:
            LabrunError: one of those is missing or has changed (the next run makes it again), or something in the folder is not a file.
        """
        files = {}
        result = self.guarded(folder)
        for path in result.descend():
            name = path.below(result)
            if path.is_folder() or is_temporary(path.name) or name == MANIFEST:
                continue
            _expect_file(path)
            if not expected:  # else the parts of an ensemble, which were synced when they got their names
                path.sync()
            files[name] = seal_of(path)
            with suppress(PermissionError):  # it belongs to somebody else who uses this store
                path.protect()
        for name, digest in (expected or {}).items():
            if files.get(name, {}).get("sha256") != digest:
                mark_damaged(result, name)
                problem = CHANGED if name in files else "is missing: has another run removed it?"
                raise LabrunError(f"{folder / name} {problem}. Run the same command again: it makes what is missing")
        Manifest(key, section, stage, inputs, seconds, files, notes).save(result)

    def discard(self, section: str, key: str) -> None:
        """Remove a result, finished or not, and its checkpoints."""
        self.checkpoints(key).remove_all()
        put_away(self.place(section, key))


def _expect_file(path: GuardedPath) -> None:
    try:
        path.expect_own()
    except UnsafePath as error:
        raise LabrunError(
            f"{error}. A result consists of files of its own, so that it can be checked and moved: if a plugin has left it there, let it "
            "copy the data, or read them where they lie"
        ) from error


def put_away(folder: GuardedPath) -> None:
    """Remove a folder, if there is one. It loses its name first, so that others see all of it or nothing."""
    aside = folder.temporary()
    with suppress(OSError):  # there is none, or another run has just removed it
        folder.rename_to(aside)
    aside.remove_all()


def expect_intact(folder: Path) -> None:
    """Refuse the folder of a stage in a run, or a copy of it, if a file in it is not what was written. Missing files, and folders without a
    manifest, are left to whoever needs them.

    Raises:
        LabrunError: a file is damaged.
    """
    own = GuardedPath(folder)
    try:
        files = Manifest.read(own).files
    except (OSError, ValueError):  # a file of that name that is not labrun's
        return
    present = {name: seal for name, seal in files.items() if _is_there(own, name)}
    for one in damage_in(own, present):
        raise LabrunError(
            f"'{folder / one.name}' {one.problem}: run its project again, which makes it again, or copy it again"
        )


def _is_there(folder: GuardedPath, name: str) -> bool:
    with suppress(OSError):
        return (folder / name).is_there()
    return True

"""Find and remove what no run refers to: results of earlier versions of a project, and leftovers of killed processes.

A run refers to results by the keys in its `run.json`, which is written when it starts, and by those in its folder. The clocks and process
numbers of other machines are unknown, so anything that may be unfinished work is left alone for a day.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from labrun.contracts.inputs import SECTIONS
from labrun.faults import LabrunError
from labrun.files.atomic import read_json
from labrun.files.digests import matches_digest
from labrun.files.guarded import GuardedPath
from labrun.files.temporary import is_temporary, process_of
from labrun.records.run_folder import RECORD
from labrun.store.places import store_of
from labrun.store.store import CHECKPOINTS, MANIFEST, Manifest, NewerManifest, Store

__all__ = ["Garbage", "References", "find_garbage", "remove", "run_folders"]

QUIET = 86400.0
"""Unfinished work counts as left behind after this time without changes [s]."""


@dataclass
class References:
    """The keys of the results that runs refer to."""

    keys: set[str] = field(default_factory=set)
    running: set[str] = field(default_factory=set)
    """Keys of runs that have not ended, according to their records."""

    @classmethod
    def of(cls, runs: Path) -> References:
        """Return the references of all runs in a folder.

        Raises:
            LabrunError: the record of a run is damaged, so its references are unknown.
        """
        found = cls()
        for run in run_folders(runs):
            found._add_record(run / RECORD)
            for section in SECTIONS:
                found._add_placed(run / section)
        return found

    def _add_record(self, path: GuardedPath) -> None:
        try:
            record = read_json(path)
            if not matches_digest(record):
                raise ValueError
            keys = {entry["key"] for entry in record["stages"].values()}
        except (FileNotFoundError, NotADirectoryError):
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise LabrunError(
                f"'{path}' is damaged, so the results that its run refers to are unknown. Run its project again, or remove the folder"
            ) from error
        self.keys |= keys
        if record.get("outcome") == "running":
            self.running |= keys

    def _add_placed(self, section: GuardedPath) -> None:
        for folder in section.entries():
            try:
                self.keys.add(Manifest.read(folder).key)
            except (OSError, ValueError):
                continue  # `run.json` names it


@dataclass(frozen=True)
class Garbage:
    """A folder or file that may be removed."""

    place: GuardedPath
    what: str
    size: int
    """[bytes]"""
    age: float
    """Time since anything in it was changed [s]."""
    protected: Callable[[References], bool]
    """Checks whether runs need it after all."""

    @property
    def path(self) -> Path:
        """The plain path, for messages."""
        return self.place.path


def find_garbage(runs: Path, store: Store) -> Iterator[Garbage]:
    """Yield what may be removed from the store and from the folders of runs.

    Raises:
        LabrunError: the record of a run is damaged.
        UnsafePath: a link leads elsewhere.
    """
    referred = References.of(runs)
    root = GuardedPath(store.root)
    for section in SECTIONS:
        for folder in (root / section).entries():
            yield from _in_result(folder, referred)
    for folder in (root / CHECKPOINTS).entries():
        if store.manifest("models", folder.name) is not None:
            yield from _if_quiet(folder, "checkpoint of a finished training", lambda _: False)
        elif folder.name not in referred.keys:
            yield from _if_quiet(folder, "checkpoint", partial(_refers_to, folder.name))
        else:
            yield from _leftovers(folder, referred)
    yield from _leftovers(root, referred)
    for run in run_folders(runs):
        for folder in (run, *(run / section for section in SECTIONS)):
            yield from _leftovers(folder, referred)


def remove(garbage: Garbage, runs: Path) -> bool:
    """Remove it; return False if a run has come to refer to it, or if it has gone.

    It loses its name first, then the references are read again: a run that starts meanwhile either is seen here or does not see the result.
    """
    aside = garbage.place.temporary()
    try:
        garbage.place.rename_to(aside)
        if garbage.protected(References.of(runs)):
            aside.rename_to(garbage.place)
            return False
    except OSError:
        return False
    aside.remove_all()
    return not aside.is_there()


def run_folders(runs: Path) -> list[GuardedPath]:
    """Return the folders of runs, in the order of their names."""
    store = store_of(runs).name
    return [path for path in GuardedPath(runs).entries() if path.name != store and path.is_folder()]


def _in_result(folder: GuardedPath, referred: References) -> Iterator[Garbage]:
    """Yield a result that no run refers to, or leftovers in one that is needed."""
    if is_temporary(folder.name):
        yield from _if_left(folder, referred)
    elif folder.name in referred.keys:
        for inner in (folder, folder / "parts"):
            yield from _leftovers(inner, referred, folder.name)
    elif (folder / MANIFEST).is_there():
        if what := _describe(folder):
            yield Garbage(folder, what, *_measure(folder), partial(_refers_to, folder.name))
    else:
        yield from _if_quiet(folder, "unfinished result", partial(_refers_to, folder.name))


def _refers_to(key: str, referred: References) -> bool:
    return key in referred.keys


def _describe(folder: GuardedPath) -> str:
    """Describe a result; empty for one of a newer labrun, which is not ours to judge."""
    try:
        return f"result of {Manifest.read(folder).stage}"
    except NewerManifest:
        return ""
    except (OSError, ValueError):
        return "damaged result"


def _leftovers(folder: GuardedPath, referred: References, key: str = "") -> Iterator[Garbage]:
    for path in folder.entries():
        if is_temporary(path.name) and key not in referred.running:
            yield from _if_left(path, referred)


def _if_left(path: GuardedPath, referred: References) -> Iterator[Garbage]:
    """Yield what a dead process has left. A training writes nothing to its folder for days, so folders of unfinished runs stay."""
    key = path.name.partition(".")[0]
    process = process_of(path.name)
    if key not in referred.running and not (process and _is_alive(process)):
        yield from _if_quiet(path, "left behind by a process", lambda later: key in later.running)


def _if_quiet(path: GuardedPath, what: str, protected: Callable[[References], bool]) -> Iterator[Garbage]:
    size, age = _measure(path)
    if age > QUIET:
        yield Garbage(path, what, size, age, protected)


def _is_alive(process: int) -> bool:
    """Check whether this machine has such a process; others cannot be asked."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    return True


def _measure(path: GuardedPath) -> tuple[int, float]:
    """Return the size of a file or folder [bytes], and the time since the last change of anything in it [s]."""
    found = []
    for one in (path, *path.descend()):
        with suppress(FileNotFoundError):  # another process has just removed it
            found.append(one.status())
    size = sum(status.st_size for status in found if not stat.S_ISDIR(status.st_mode))
    return size, time.time() - max((status.st_mtime for status in found), default=0.0)

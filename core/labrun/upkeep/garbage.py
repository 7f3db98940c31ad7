"""What no run refers to: results of earlier versions of a project, and what killed processes have left behind.

A run refers to results by the keys in its `run.json`, which is written when it starts, and by those that lie in its folder. Clocks and
process numbers of other machines are not known, so what may be somebody's work in hand is left alone for a day.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from stat import S_ISDIR

from labrun.contracts.inputs import SECTIONS
from labrun.faults import LabrunError
from labrun.files.atomic import is_temporary, read_json, temporary_name
from labrun.files.digests import matches_digest
from labrun.records.run_folder import RECORD
from labrun.store.places import store_of
from labrun.store.store import CHECKPOINTS, MANIFEST, Manifest, Store

__all__ = ["Garbage", "References", "find_garbage", "remove"]

QUIET = 86400.0
"""Seconds in which nothing has changed, from which on something unfinished counts as left behind."""


@dataclass
class References:
    """The keys of the results that runs refer to."""

    keys: set[str] = field(default_factory=set)
    running: set[str] = field(default_factory=set)
    """Those of runs that have not ended, as far as their records tell."""

    @classmethod
    def of(cls, runs: Path) -> References:
        """Those of all runs in a folder.

        Raises:
            LabrunError: the record of a run is damaged, so that nobody knows what it refers to.
        """
        found = cls()
        for run in _run_folders(runs):
            found._add_record(run / RECORD)
            for section in SECTIONS:
                found._add_placed(run / section)
        return found

    def _add_record(self, path: Path) -> None:
        try:
            record = read_json(path)
            if not matches_digest(record):
                raise ValueError
            keys = {entry["key"] for entry in record["stages"].values()}
        except (FileNotFoundError, NotADirectoryError):
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise LabrunError(
                f"'{path}' is damaged, so that nobody knows which results that run refers to. Run its project again, or remove the folder"
            ) from error
        self.keys |= keys
        if record.get("outcome") == "running":
            self.running |= keys

    def _add_placed(self, section: Path) -> None:
        for folder in _entries(section):
            try:
                self.keys.add(Manifest.read(folder).key)
            except (OSError, ValueError):
                continue  # `run.json` tells


@dataclass(frozen=True)
class Garbage:
    """A folder or file that may go."""

    path: Path
    what: str
    size: int
    """Bytes."""
    age: float
    """Seconds since something in it was changed last."""
    protected: Callable[[References], bool]
    """Whether runs need it after all."""


def find_garbage(runs: Path, store: Store) -> Iterator[Garbage]:
    """What may go from the store and from the folders of runs.

    Raises:
        LabrunError: the record of a run is damaged.
    """
    referred = References.of(runs)
    for section in SECTIONS:
        for folder in _entries(store.root / section):
            yield from _in_result(folder, referred)
    for folder in _entries(store.root / CHECKPOINTS):
        if store.manifest("models", folder.name) is not None:
            yield from _if_quiet(folder, "checkpoint of a finished training", lambda _: False)
        elif folder.name not in referred.keys:
            yield from _if_quiet(folder, "checkpoint", partial(_refers_to, folder.name))
        else:
            yield from _leftovers(folder, referred)
    yield from _leftovers(store.root, referred)
    for run in _run_folders(runs):
        for folder in (run, *(run / section for section in SECTIONS)):
            yield from _leftovers(folder, referred)


def remove(garbage: Garbage, runs: Path) -> bool:
    """Remove it; False if a run has come to refer to it, or it is gone.

    It loses its name first, then the runs are asked again: one that has started meanwhile either was seen here, or does not see the result.
    """
    aside = temporary_name(garbage.path)
    try:
        garbage.path.rename(aside)
        if garbage.protected(References.of(runs)):
            aside.rename(garbage.path)
            return False
        if not aside.is_dir():
            aside.unlink()
    except OSError:
        return False
    shutil.rmtree(aside, ignore_errors=True)
    return not aside.exists()


def _in_result(folder: Path, referred: References) -> Iterator[Garbage]:
    """A result that no run refers to, or what was left behind in one."""
    if is_temporary(folder):
        yield from _if_left(folder, referred)
    elif folder.name in referred.keys:
        for inner in (folder, folder / "parts"):
            yield from _leftovers(inner, referred, folder.name)
    elif (folder / MANIFEST).exists():
        yield Garbage(folder, _what(folder), *_measure(folder), partial(_refers_to, folder.name))
    else:
        yield from _if_quiet(folder, "unfinished result", partial(_refers_to, folder.name))


def _refers_to(key: str, referred: References) -> bool:
    return key in referred.keys


def _what(folder: Path) -> str:
    try:
        return f"result of {Manifest.read(folder).stage}"
    except (OSError, ValueError):
        return "damaged result"


def _leftovers(folder: Path, referred: References, key: str = "") -> Iterator[Garbage]:
    for path in _entries(folder):
        if is_temporary(path) and key not in referred.running:
            yield from _if_left(path, referred)


def _if_left(path: Path, referred: References) -> Iterator[Garbage]:
    """What a process has left behind that is no more. A training writes nothing to its folder for days, so the folders of runs that go on
    stay."""
    key = path.name.partition(".")[0]
    process = re.search(r"\.tmp-(\d+)-", path.name)
    if key not in referred.running and not (process and _is_alive(int(process[1]))):
        yield from _if_quiet(path, "left behind by a process", lambda later: key in later.running)


def _if_quiet(path: Path, what: str, protected: Callable[[References], bool]) -> Iterator[Garbage]:
    size, age = _measure(path)
    if age > QUIET:
        yield Garbage(path, what, size, age, protected)


def _is_alive(process: int) -> bool:
    """Whether there is such a process here; one of another machine cannot be asked."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    return True


def _measure(path: Path) -> tuple[int, float]:
    """Bytes in a file or folder, and seconds since the last change of anything in it."""
    inside = [Path(folder, name) for folder, _, names in os.walk(path) for name in ("", *names)]
    found = []
    for one in inside or [path]:
        with suppress(OSError):  # another process has just removed it
            found.append(one.lstat())
    size = sum(status.st_size for status in found if not S_ISDIR(status.st_mode))
    return size, time.time() - max((status.st_mtime for status in found), default=0.0)


def _run_folders(runs: Path) -> list[Path]:
    return [path for path in _entries(runs) if path != store_of(runs)]


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder; nothing if there is none."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []

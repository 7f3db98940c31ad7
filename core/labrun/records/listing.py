"""The runs in a folder: when they began, how they ended, what they found, how large they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labrun.faults import Fault, LabrunError, ProjectFaults, did_you_mean
from labrun.files.guarded import GuardedPath
from labrun.files.trust import is_plain
from labrun.records.run_folder import RECORD
from labrun.records.summary import summary_of
from labrun.store.places import store_of

__all__ = ["Listed", "find_run", "list_runs", "size_of"]


@dataclass(frozen=True)
class Listed:
    """A run in a list; `summary` is empty where its record cannot be read."""

    folder: Path
    summary: dict[str, Any]
    size: int

    @property
    def started(self) -> str:
        """When it began, as `run.json` writes it."""
        return str(self.summary.get("started", ""))


def list_runs(runs: Path) -> list[Listed]:
    """Return the runs in a folder, the latest first."""
    found = [Listed(folder, _summary(folder), size_of(folder)) for folder in _folders(runs)]
    return sorted(found, key=lambda run: run.started, reverse=True)


def find_run(name: str | None, runs: Path) -> Path:
    """Return the folder of a run: `name` is a path, or the name of a folder in `runs`; without one, the latest run.

    Raises:
        ProjectFaults: there is no such run.
    """
    folders = list(_folders(runs))
    if name is None:
        if not folders:
            raise ProjectFaults([Fault(f"'{runs}' holds no runs: name the folder of your runs by --runs DIR")])
        return max(folders, key=lambda folder: str(_summary(folder).get("started", "")))
    for folder in (Path(name), runs / name):
        if is_plain(folder, RECORD):
            return folder
    raise ProjectFaults([Fault(f"there is no run '{name}'{did_you_mean(name, [folder.name for folder in folders])}")])


def size_of(folder: Path) -> int:
    """Return the size of all files below a folder [bytes]. Files that a run shares with the store count in full; links do not count."""
    return sum(path.status().st_size for path in GuardedPath(folder).descend() if path.is_regular())


def _folders(runs: Path) -> Iterator[Path]:
    store = store_of(runs).name
    for path in GuardedPath(runs).entries():
        if path.name != store and path.is_folder() and (path / RECORD).is_regular():
            yield path.path


def _summary(folder: Path) -> dict[str, Any]:
    try:
        return summary_of(folder)
    except LabrunError:
        return {}

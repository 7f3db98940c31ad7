"""The record of a finished run. It may come from somebody else, so nothing in it is trusted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from labrun.faults import Fault, ProjectFaults
from labrun.files.guarded import GuardedPath
from labrun.files.trust import is_plain
from labrun.project.yaml12 import Document
from labrun.records.run_folder import RunFolder

__all__ = ["RunRecord", "expect_sound", "read_run"]


@dataclass(frozen=True)
class RunRecord:
    """`record` is the content of `run.json`, `project` that of `project.yaml`, `stages` the entry of each stage."""

    folder: Path
    record: dict[str, Any]
    project: dict[str, Any]
    stages: dict[str, dict[str, Any]]

    def is_done(self, stage: str) -> bool:
        """Check whether a stage has a result."""
        return self.stages[stage]["outcome"] in ("done", "reused")

    def done(self, section: str) -> list[str]:
        """The stages of a section that have a result."""
        return [name for name in self.stages if name.startswith(f"{section}.") and self.is_done(name)]

    def sources(self, stage: str) -> list[str]:
        """The stages that a stage was made from.

        A simulation with labels enters the keys of others under its identity, not its key; runs of an earlier labrun do not record
        it, and the simulation is found by its name.
        """
        found = []
        for given in self.stages[stage]["inputs"].get("from", {}).values():
            refs = given if isinstance(given, list) else [given] if given else []
            found += [self.cited(ref) for ref in refs]
        return [name for name in dict.fromkeys(found) if name in self.stages]

    def cited(self, ref: dict[str, Any]) -> str:
        """The stage that another names as its input, by key or by identity; else by its name."""
        by_key = {
            entry[word]: name for name, entry in self.stages.items() for word in ("key", "identity") if word in entry
        }
        named = [name for name in self.stages if name.partition(".")[2] == ref["stage"]]
        return by_key.get(ref["key"], named[0] if len(named) == 1 else f"simulations.{ref['stage']}")

    def in_order(self) -> list[str]:
        """All stages, each after those it was made from: in the order of the project, where it is recorded."""
        sources = {stage: self.sources(stage) for stage in self.stages}
        place = {stage: number for number, stage in enumerate(self.record.get("order", ()))}
        if place.keys() == sources.keys() and all(
            place[one] < place[s] for s, found in sources.items() for one in found
        ):
            return list(place)
        return list(TopologicalSorter(sources).static_order())

    def file(self, stage: str, name: str) -> GuardedPath:
        """A file of a stage.

        Raises:
            ValueError: there is no such file, or it lies outside the run's folder.
        """
        path = GuardedPath(self.folder) / f"{place_of(stage)}/{name}"
        if not path.is_regular():
            raise ValueError(f"there is no file '{path}'")
        return path


def place_of(stage: str) -> str:
    """The folder of a stage within the run: `models/net` for `models.net`."""
    return stage.replace(".", "/", 1)


def read_run(folder: Path) -> RunRecord:
    """Read the record of a run.

    Raises:
        ProjectFaults: the folder does not hold a run, or the run is damaged.
    """
    missing = [name for name in ("run.json", "project.yaml") if not is_plain(folder, name)]
    if missing:
        problem = f"there is no {' and no '.join(missing)} in it" if folder.is_dir() else "it is not a folder"
        advice = "Give the folder of a finished run, such as runs/gray_scott"
        raise ProjectFaults([Fault(f"'{folder}' does not hold a run: {problem}. {advice}")])
    with expect_sound(folder):
        if not (record := RunFolder(GuardedPath(folder)).last_record()):
            raise ValueError("run.json is not a valid record")
        return RunRecord(folder, record, Document.read(folder / "project.yaml").value, record["stages"])


@contextmanager
def expect_sound(folder: Path) -> Iterator[None]:
    """Report a run as damaged where reading it fails.

    Raises:
        ProjectFaults: reading it failed.
    """
    try:
        yield
    except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        what = str(error) if isinstance(error, (OSError, ValueError)) else f"{type(error).__name__}: {error}"
        advice = "Its files must be as labrun wrote them: run the project again"
        raise ProjectFaults([Fault(f"the run in '{folder}' is damaged ({what}). {advice}")]) from error

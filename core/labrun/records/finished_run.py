"""A finished run: the results of its stages, under the names that the command line uses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.amounts import counted
from labrun.contracts.card import HasCard
from labrun.faults import Fault, LabrunError, ProjectFaults, did_you_mean
from labrun.files.guarded import GuardedPath
from labrun.planning.plan import Plan, Planned
from labrun.planning.results import Results
from labrun.project.load import Project, Ref, Stage
from labrun.records.messages import last_messages
from labrun.records.run_folder import RunFolder
from labrun.store.places import store_of
from labrun.store.store import Manifest, Store

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Run"]

DONE = ("done", "reused")


class Run(HasCard):
    """The results in the folder of a run.

    `run["cnn"]` is the result of a stage: an `Ensemble`, `Examples`, a `TrainedModel` or `Findings`. Names are those of the command
    line: `cnn`, or `models.cnn` where stages of several sections share a name; `waves.train` is a part of a dataset. Results are read
    when they are first requested.
    """

    def __init__(self, folder: Path, project: Project) -> None:
        self.folder = folder
        self.project = project
        self.record = RunFolder(GuardedPath(folder)).last_record()
        """The content of `run.json`: how the run ended, with which versions, on which machine."""
        self._plan = _recorded(project, folder, self.record)
        self._results = Results(self._plan)

    @property
    def name(self) -> str:
        """The name of the project."""
        return self.project.name

    @property
    def outcome(self) -> str:
        """`done`, `failed` or `interrupted`."""
        return str(self.record.get("outcome", "not reached"))

    @property
    def report(self) -> Path:
        """The page with all results: open it in a browser."""
        return self.folder / "report.html"

    @property
    def planned(self) -> list[Planned]:
        """Its planned stages, each after those that it needs."""
        return list(self._plan.stages.values())

    @property
    def stages(self) -> pd.DataFrame:
        """One row for each stage: its plugin, how it ended, and how long it took [s]."""
        import pandas as pd

        entries = [self._entry(identifier) for identifier in self]
        rows = {
            "plugin": [planned.stage.offer.name for planned in self._plan.stages.values()],
            "outcome": [entry.get("outcome", "not reached") for entry in entries],
            "seconds": [entry.get("seconds") for entry in entries],
        }
        return pd.DataFrame(rows, index=pd.Index(list(self), name="stage"))

    def __iter__(self) -> Iterator[str]:
        return iter(self._plan.stages)

    def __len__(self) -> int:
        return len(self._plan.stages)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self._fitting(name))

    def __getitem__(self, name: str) -> Any:
        """The result of a stage.

        Raises:
            ProjectFaults: no stage, or more than one, has this name.
            LabrunError: the stage is not done.
        """
        fitting = self._named(name)
        if len(fitting) > 1:
            choices = ", ".join(f"'{_written(ref)}'" for ref in fitting)
            raise ProjectFaults(
                [Fault(f"'{name}' is the name of {len(fitting)} stages: write one of {choices}, or run.all('{name}')")]
            )
        return self._result(fitting[0])

    def all(self, name: str) -> dict[str, Any]:
        """The results of all stages with this name, such as those of a matrix, by their full names.

        Raises:
            ProjectFaults: no stage has this name.
            LabrunError: one of the stages is not done.
        """
        return {_written(ref): self._result(ref) for ref in self._named(name)}

    def failure(self) -> str:
        """Why the run failed: a line for each failed stage, and one for the stages that need them; empty if no stage failed."""
        messages = last_messages(self.folder)
        outcomes = {identifier: self._entry(identifier).get("outcome") for identifier in self}
        failed = [
            f"{identifier} failed: {messages.get(identifier, '')}"
            for identifier in self
            if outcomes[identifier] == "failed"
        ]
        skipped = [identifier for identifier in self if outcomes[identifier] == "skipped"]
        return "\n".join([*failed, *([f"not done, since they need it: {', '.join(skipped)}"] if skipped else [])])

    def _named(self, name: str) -> list[Ref]:
        fitting = self._fitting(name)
        if not fitting:
            raise ProjectFaults([Fault(f"this run has no stage '{name}'{did_you_mean(name, self._known())}")])
        return fitting

    def _fitting(self, name: str) -> list[Ref]:
        stages = self.project.stages.values()
        whole = [Ref(stage.section, stage.name) for stage in stages if name in stage.names]
        base, _, part = name.rpartition(".")
        return whole or [
            Ref(stage.section, stage.name, part) for stage in stages if part in stage.parts and base in stage.names
        ]

    def _known(self) -> list[str]:
        stages = self.project.stages.values()
        parts = [f"{stage.name}.{part}" for stage in stages for part in stage.parts]
        return [*self, *(stage.name for stage in stages), *parts]

    def _ipython_key_completions_(self) -> list[str]:
        return self._known()

    def _entry(self, identifier: str) -> dict[str, Any]:
        found: dict[str, Any] = self.record.get("stages", {}).get(identifier, {})
        return found

    def _result(self, ref: Ref) -> Any:
        self._expect_done(self._plan.stages[ref.id])
        return self._results.get(ref)

    def _expect_done(self, planned: Planned) -> None:
        """Expect that the result on disk is the recorded one: a later run of some stages may have replaced the inputs of a dataset."""
        entry, manifest = self._entry(planned.id), self._plan.manifest(planned)
        if entry.get("outcome") not in DONE or manifest is None:
            ending = {"failed": "failed", "skipped": "was skipped"}.get(entry.get("outcome", ""), "is not done")
            message = last_messages(self.folder).get(planned.id, "")
            why = f": {message}" if message else ""
            raise LabrunError(
                f"{planned.id} of '{self.folder}' {ending}{why}. labrun.run('{self.project.path}') continues it"
            )

        if planned.section == "datasets":  # its examples are read from its inputs
            for ref in planned.stage.refs():
                self._expect_done(self._plan.stages[ref.id])
                if self._plan.stages[ref.id].identity not in json.dumps(manifest.inputs["from"]):
                    raise LabrunError(
                        f"{planned.id} of '{self.folder}' was made from an earlier {ref.id}: run the project again"
                    )

    def __repr__(self) -> str:
        return f"<Run of {self.name}: {self.outcome}, {counted(len(self), 'stages')}, in {self.folder}>"


def _written(ref: Ref) -> str:
    return f"{ref.id}.{ref.part}" if ref.part else ref.id


@dataclass
class _Recorded(Plan):
    """The results of a recorded run: from the store beside it, also after another run has replaced it; or, where its folder was
    moved, from the folder itself."""

    run: Path

    def manifest(self, planned: Planned) -> Manifest | None:
        kept = self.store.manifest(planned.section, planned.key)
        placed = kept or Store(self.run).manifest(planned.section, planned.stage.name)
        return placed if placed is not None and placed.key == planned.key else None

    def place(self, planned: Planned) -> GuardedPath:
        if self.store.manifest(planned.section, planned.key) is not None:
            return self.store.place(planned.section, planned.key)
        return Store(self.run).place(planned.section, planned.stage.name)


def _recorded(project: Project, folder: Path, record: dict[str, Any]) -> _Recorded:
    """The plan of a run: the stages of its project with the keys that the run recorded."""
    entries = record.get("stages", {})
    stages = {stage.id: _planned(stage, entries.get(stage.id, {})) for stage in project.stages.values()}
    return _Recorded(project, Store(store_of(folder.parent)), stages, folder)


def _planned(stage: Stage, entry: dict[str, Any]) -> Planned:
    """A stage with its recorded key. Runs of an earlier labrun do not record the identity: it is empty, and fits to all."""
    return Planned(
        stage, entry.get("key", ""), entry.get("identity", ""), entry.get("inputs", {}), entry.get("code", {})
    )

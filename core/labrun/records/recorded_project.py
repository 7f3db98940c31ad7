"""The project of a recorded run, read from the run's own folder: no table is sought elsewhere, and no plugin file is executed.

Runs of an earlier labrun lack some entries of `run.json`; then `project.yaml` is asked.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from labrun.contracts.inputs import METHODS, SECTIONS, Section
from labrun.contracts.plugin import Analysis, Dataset, Model, Plugin, Simulator
from labrun.faults import LabrunError
from labrun.files.guarded import GuardedPath
from labrun.files.trust import is_plain
from labrun.project.blocks import Head, Split
from labrun.project.load import Project
from labrun.project.stage import AnalysisStage, DatasetStage, Inputs, ModelStage, Ref, SimulationStage, Stage
from labrun.project.sweeptable import SweepTable
from labrun.project.yaml12 import Document, parse_scalar
from labrun.records.run_folder import MEMBERS
from labrun.records.run_record import RunRecord, place_of
from labrun.records.sources import named_files, place_of_source
from labrun.registry.offers import Offer
from labrun.registry.registry import Registry, UnknownPlugin

__all__ = ["recorded_project"]


def recorded_project(run: RunRecord, registry: Registry) -> Project:
    """Make the project of a run again. Stages whose plugin is not in `registry`, or not in the version of the run, fail when their
    examples or their network are requested; all other results can be read.
    """
    head = Head.model_construct(
        project=str(run.record["project"]),
        seed=int(run.record["seed"]),
        description=str(run.project.get("description") or ""),
    )
    reading = _Reading(run, registry)
    stages = {identifier: reading.stage(identifier) for identifier in run.in_order()}
    return Project(Path(run.record["file"]), Document(run.project), head, registry, stages)


@dataclass(frozen=True)
class RecordedSimulationStage(SimulationStage):
    """A simulation as it was, with the members that failed."""

    def accepts(self, notes: Mapping[str, Any]) -> bool:
        return True


@dataclass(frozen=True)
class RecordedModelStage(ModelStage):
    """A model with the datasets that it was trained on."""

    trained_on: Inputs = field(default_factory=dict)

    @property
    def needs(self) -> Inputs:
        return self.inputs | self.trained_on


@dataclass(frozen=True)
class _Reading:
    """Reads stages from the record of a run."""

    run: RunRecord
    registry: Registry

    def stage(self, identifier: str) -> Stage:
        """The stage of that name."""
        entry = self.run.stages[identifier]
        section, _, name = identifier.partition(".")
        base = entry.get("base", name.partition("[")[0])
        values = dict(entry.get("values", ()))
        inputs = self._inputs(entry["inputs"].get("from", {}))
        match section:
            case "simulations":
                offer, simulator = self._stand_in(identifier, outputs=entry.get("outputs"))
                table = self._table(identifier, base, entry)
                rounds = tuple(entry.get("rounds", ()))
                return RecordedSimulationStage(
                    name, base, values, offer, cast("Simulator", simulator), inputs, table, {}, rounds=rounds
                )
            case "datasets":
                offer, dataset = self._plugin(identifier)
                split = self._block(section, base).get("split")
                parts = Split.model_validate(split) if split else None
                return DatasetStage(name, base, values, offer, cast("Dataset", dataset), inputs, parts)
            case "models":
                offer, model = self._plugin(identifier)
                fitted = {key: inputs.pop(key) for key in list(inputs) if key.startswith("fit.")}
                return RecordedModelStage(name, base, values, offer, cast("Model", model), inputs, fitted)
            case _:
                offer, analysis = self._stand_in(identifier)
                return AnalysisStage(name, base, values, offer, cast("Analysis", analysis), inputs)

    def _block(self, section: str, base: str) -> dict[str, Any]:
        block: dict[str, Any] = (self.run.project.get(section) or {}).get(base) or {}
        return block

    def _inputs(self, cited: dict[str, Any]) -> Inputs:
        found: Inputs = {}
        for name, given in cited.items():
            if isinstance(given, list):
                found[name] = [self._ref(one) for one in given]
            elif given:
                found[name] = self._ref(given)
        return found

    def _ref(self, cited: dict[str, Any]) -> Ref:
        section = self.run.cited(cited).partition(".")[0]
        return Ref(cast("Section", section), cited["stage"], cited.get("part"))

    def _table(self, identifier: str, base: str, entry: dict[str, Any]) -> SweepTable:
        """The table of a sweep, from `members.csv`; without rows where the simulation is not done."""
        path = GuardedPath(self.run.folder) / f"{place_of(identifier)}/{MEMBERS}"
        if not path.is_regular():
            return SweepTable()
        texts = entry.get("texts", ())
        with path.opened("r", newline="", encoding="utf-8") as stream:
            (_, *header), *rows = csv.reader(stream)
        columns = {column: [_cell(row[i], column in texts) for row in rows] for i, column in enumerate(header, 1)}
        seed_by = entry.get("seed_by", (self._block("simulations", base).get("sweep") or {}).get("seed_by"))
        return SweepTable(columns, {}, len(rows), seed_by=None if seed_by is None else tuple(seed_by))

    # -- plugins ---------------------------------------------------------------------------------------------------------------

    def _plugin(self, identifier: str) -> tuple[Offer, Plugin]:
        """The plugin of a stage with the recorded configuration, or one that says why it cannot be used."""
        entry = self.run.stages[identifier]
        section = cast("Section", identifier.partition(".")[0])
        name = entry["plugin"].rpartition(":")[2]
        try:
            offer = self.registry.find(section, entry["plugin"])
        except UnknownPlugin:
            return self._stand_in(identifier, f"the plugin '{name}' is not installed{self._in_a_file()}")
        if offer.plugin.version != entry["plugin_version"]:
            versions = f"version {entry['plugin_version']} of '{name}'; version {offer.plugin.version} is installed"
            return self._stand_in(identifier, f"it was made by {versions}, whose results may differ")
        try:
            return offer, offer.plugin.configured(entry["inputs"]["config"])
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"]))
            return self._stand_in(identifier, f"'{name}' does not take its configuration: {where}: {problem['msg']}")

    def _in_a_file(self) -> str:
        """Which plugin files of the run the user may load."""
        files = [place_of_source(name) for name in named_files(self.run.project) if name.endswith(".py")]
        there = [str(self.run.folder / file) for file in files if is_plain(self.run.folder, file)]
        return f". Load it, if you trust it: labrun.open_run('{self.run.folder}', plugins={there})" if there else ""

    def _stand_in(
        self, identifier: str, problem: str = "", outputs: dict[str, str] | None = None
    ) -> tuple[Offer, Plugin]:
        """A plugin that has the recorded name, and raises when it is used."""
        entry = self.run.stages[identifier]
        section = cast("Section", identifier.partition(".")[0])
        distribution, _, name = entry["plugin"].rpartition(":")

        def use(self: Plugin, *given: Any, **inputs: Any) -> Any:
            raise LabrunError(f"{identifier} cannot be read: {problem}")

        if outputs is None and section == "simulations":
            outputs = self._installed_outputs(entry["plugin"])
        attributes = {"name": name, "version": entry["plugin_version"], METHODS[section]: use}
        attributes |= {"outputs": outputs} if section == "simulations" else {}
        plugin: type[Plugin] = type("StandIn", (SECTIONS[section],), attributes)
        return Offer(section, plugin, distribution, ""), plugin.model_construct()

    def _installed_outputs(self, use: str) -> dict[str, str]:
        """The outputs of a simulator of a run that an earlier labrun recorded."""
        try:
            plugin = self.registry.find("simulations", use).plugin
        except UnknownPlugin:
            return {}
        return dict(plugin.outputs) if issubclass(plugin, Simulator) else {}


def _cell(cell: str, is_text: bool) -> Any:
    """The value in a cell of `members.csv`."""
    if is_text:
        return cell
    return json.loads(cell) if cell.startswith(("[", "{")) else parse_scalar(cell)

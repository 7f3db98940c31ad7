"""Results of finished stages for other stages: an Ensemble, Examples, a TrainedModel, Findings, each made when it is first used."""

from __future__ import annotations

from functools import partial, singledispatchmethod
from pathlib import Path
from typing import Any

from labrun.contracts.ensemble import Ensemble
from labrun.contracts.examples import Examples
from labrun.contracts.findings import Findings
from labrun.contracts.inputs import wants
from labrun.contracts.labels import labels_of
from labrun.contracts.origin import find_origin
from labrun.contracts.trained import TrainedModel
from labrun.faults import LabrunError
from labrun.planning.network_places import network_places
from labrun.planning.plan import Plan, Planned
from labrun.project.stage import AnalysisStage, DatasetStage, ModelStage, Ref, SimulationStage, Stage
from labrun.seeds import generator
from labrun.store.parts import StoredMembers
from labrun.workers.map_members import map_members
from labrun.workers.protocol import Workers

__all__ = ["Results"]


class Results:
    """The results of a plan's stages, by reference."""

    def __init__(self, plan: Plan, workers: Workers | None = None) -> None:
        """`workers` do what is done for each member of an ensemble, where there are any."""
        self.plan = plan
        self._map = partial(map_members, workers=workers)
        self._given: dict[str, Any] = {}
        self._parts: dict[str, dict[str, Examples]] = {}
        self._places = network_places(plan.project)

    def inputs(self, stage: Stage) -> dict[str, Any]:
        """Return the inputs of a stage, by the names of its method's parameters; `rng` too, where it asks for one."""
        inputs = {
            name: [self.get(ref) for ref in found] if isinstance(found, list) else self.get(found)
            for name, found in stage.inputs.items()
        }
        if wants(stage.offer.plugin, "rng"):
            inputs["rng"] = generator(self.plan.project.seed, stage.section, stage.base)
        return inputs

    def get(self, ref: Ref) -> Any:
        """Return the result that a reference names."""
        if ref.id not in self._given:
            planned = self.plan.stages[ref.id]
            self._given[ref.id] = self._give(planned.stage, planned)
        return self._given[ref.id] if ref.part is None else self._parts[ref.id][ref.part]

    def first_examples(self, stage: DatasetStage, folder: Path) -> tuple[Examples, dict[str, Examples]]:
        """Return the examples of a dataset and their parts, to describe them. What the dataset writes into `folder`, which does not yet
        have its final name, is not kept here."""
        if wants(stage.offer.plugin, "folder"):
            whole = self._examples(stage, folder)
            return whole, self._split(stage, whole)
        return self.get(Ref(stage.section, stage.name)), self._parts[stage.id]

    def _examples(self, stage: DatasetStage, folder: Path) -> Examples:
        """Ask a dataset for its examples; `folder` is its own, if it wants one.

        Raises:
            LabrunError: the plugin returns something else.
        """
        plugin = stage.plugin
        own = {"folder": folder} if wants(stage.offer.plugin, "folder") else {}
        inputs = self.inputs(stage)
        examples = plugin.examples(**inputs, **own)
        if not isinstance(examples, Examples):
            raise LabrunError(f"{plugin.name}.examples must return labrun.Examples, not {type(examples).__name__}")
        examples.name = stage.name
        examples.origin = examples.origin or find_origin(examples, inputs)
        return examples

    def _split(self, stage: DatasetStage, whole: Examples) -> dict[str, Examples]:
        if stage.split is None:
            return {}
        rng = generator(self.plan.project.seed, stage.section, stage.base, "split")
        try:
            return whole.split(stage.split.fractions, rng, stage.split.by)
        except ValueError as error:
            raise LabrunError(str(error)) from error

    # -- what each kind of stage gives --

    @singledispatchmethod
    def _give(self, stage: Stage, planned: Planned) -> Any:
        raise NotImplementedError(type(stage))

    @_give.register(SimulationStage)
    def _(self, stage: SimulationStage, planned: Planned) -> Ensemble:
        manifest = self.plan.manifest(planned)
        if manifest is None:
            raise LabrunError(
                f"the members of {stage.id} are gone or damaged. Run the same command again: it makes what is missing"
            )
        stage = stage.as_made(self.plan.place(planned))
        failed = set(manifest.notes["failed"])
        numbers = [member for member in range(stage.table.size) if member not in failed]
        columns = {name: [values[m] for m in numbers] for name, values in stage.table.columns.items()}
        groups = stage.groups
        shared = [groups[member] for member in numbers] if groups is not None else None
        members = StoredMembers(self.plan.place(planned) / "parts", stage.stored_parts)
        ensemble = Ensemble(members, numbers, columns, stage.name, shared, self._map)
        ensemble.outputs, ensemble.key = stage.plugin.declared_outputs(), planned.key
        ensemble.labels = labels_of(type(stage.plugin)) | self.plan.project.head.label
        return ensemble

    @_give.register(DatasetStage)
    def _(self, stage: DatasetStage, planned: Planned) -> Examples:
        examples = self._examples(stage, self.plan.folder(planned))
        self._parts[stage.id] = self._split(stage, examples)
        return examples

    @_give.register(ModelStage)
    def _(self, stage: ModelStage, planned: Planned) -> TrainedModel:
        folder, place = self.plan.folder(planned), self._places[stage.id]
        return TrainedModel(stage.plugin, folder, stage.name, self.inputs(stage), stage.values, place)

    @_give.register(AnalysisStage)
    def _(self, stage: AnalysisStage, planned: Planned) -> Findings:
        findings = Findings.load(self.plan.folder(planned))
        findings.name = stage.name
        return findings

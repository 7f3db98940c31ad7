"""What finished stages give to others: an Ensemble, Examples, a TrainedModel, Findings. Each is made when it is first
asked for."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from labrun.contracts.ensemble import Ensemble
from labrun.contracts.examples import Examples
from labrun.contracts.findings import Findings
from labrun.contracts.inputs import wants
from labrun.contracts.plugin import Dataset, Model, Simulator
from labrun.contracts.trained import TrainedModel
from labrun.faults import LabrunError
from labrun.planning.plan import Plan, Planned
from labrun.project.load import Ref
from labrun.seeds import generator
from labrun.store.parts import StoredMembers, cut
from labrun.workers.map_members import map_members
from labrun.workers.protocol import Workers

__all__ = ["Results"]


class Results:
    """The results of a plan's stages, by reference."""

    def __init__(self, plan: Plan, workers: Workers | None = None) -> None:
        """`workers` do what is done for each member of an ensemble, where there are any."""
        self.plan = plan
        self._map = partial(map_members, workers=workers)
        self._made: dict[str, Any] = {}
        self._parts: dict[str, dict[str, Examples]] = {}

    def inputs(self, planned: Planned) -> dict[str, Any]:
        """The inputs of a stage, by the names of its method's parameters; `rng` too, where it asks for one."""
        inputs = {
            name: [self.get(ref) for ref in found] if isinstance(found, list) else found and self.get(found)
            for name, found in planned.stage.inputs.items()
            if not name.startswith("fit.")
        }
        if wants(planned.stage.offer.plugin, "rng"):
            inputs["rng"] = generator(self.plan.project.seed, planned.section, planned.stage.base)
        return inputs

    def get(self, ref: Ref) -> Any:
        """The result that a reference names."""
        if ref.id not in self._made:
            self._made[ref.id] = self._make(self.plan.stages[ref.id])
        return self._made[ref.id] if ref.part is None else self.parts(ref.id)[ref.part]

    def parts(self, identifier: str) -> dict[str, Examples]:
        """The parts of a dataset that is split."""
        if identifier not in self._parts:
            planned = self.plan.stages[identifier]
            self._parts[identifier] = self._split(planned, self.get(Ref(planned.section, planned.stage.name)))
        return self._parts[identifier]

    def first_examples(self, planned: Planned, folder: Path) -> tuple[Examples, dict[str, Examples]]:
        """The examples of a dataset and their parts, to describe them. What lies in its own `folder`, which is not yet under its name, is
        not kept."""
        if not wants(planned.stage.offer.plugin, "folder"):
            return self.get(Ref(planned.section, planned.stage.name)), self.parts(planned.id)
        whole = self.examples(planned, folder)
        return whole, self._split(planned, whole)

    def _split(self, planned: Planned, whole: Examples) -> dict[str, Examples]:
        split = planned.stage.split
        if split is None:
            return {}
        rng = generator(self.plan.project.seed, planned.section, planned.stage.base, "split")
        try:
            return whole.split(split.fractions, rng, split.by)
        except ValueError as error:
            raise LabrunError(str(error)) from error

    def _make(self, planned: Planned) -> Any:
        folder = self.plan.folder(planned)
        match planned.section:
            case "simulations":
                return self._ensemble(planned)
            case "datasets":
                return self.examples(planned, folder)
            case "models":
                stage = planned.stage
                assert isinstance(stage.plugin, Model)
                return TrainedModel(stage.plugin, folder, stage.name, self.inputs(planned), stage.values)
            case "analyses":
                findings = Findings.load(folder)
                findings.name = planned.stage.name
                return findings

    def examples(self, planned: Planned, folder: Path) -> Examples:
        """Ask a dataset for its examples. Its own folder is `folder`, if it wants one.

        Raises:
            LabrunError: the plugin returns something else.
        """
        plugin = planned.stage.plugin
        assert isinstance(plugin, Dataset)
        own = {"folder": folder} if wants(planned.stage.offer.plugin, "folder") else {}
        examples = plugin.examples(**self.inputs(planned), **own)
        if not isinstance(examples, Examples):
            raise LabrunError(f"{plugin.name}.examples must return labrun.Examples, not {type(examples).__name__}")
        examples.name = planned.stage.name
        return examples

    def _ensemble(self, planned: Planned) -> Ensemble:
        table = planned.stage.table
        manifest = self.plan.manifest(planned)
        assert table is not None
        assert manifest is not None
        failed = set(manifest.notes["failed"])
        numbers = [member for member in range(table.size) if member not in failed]
        columns = {name: [values[m] for m in numbers] for name, values in table.columns.items()}
        groups = table.groups()
        members = StoredMembers(self.plan.folder(planned) / "parts", cut(table.size, groups))
        shared = [groups[member] for member in numbers] if groups is not None else None
        ensemble = Ensemble(members, numbers, columns, planned.stage.name, shared, self._map)
        if isinstance(planned.stage.plugin, Simulator):
            ensemble.outputs = planned.stage.plugin.outputs
        return ensemble

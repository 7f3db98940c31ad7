"""Check how an adaptive sweep chooses its rows: configure the sampler, and check what is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError

from labrun.contracts.inputs import Outline
from labrun.contracts.plugin import Sampler, Simulator
from labrun.kit.expression import parse_number
from labrun.project.adaptive import Adaptive
from labrun.project.faultbook import FaultBook
from labrun.project.rows import plugin_failed
from labrun.project.wiring import Draft
from labrun.project.yaml12 import KeyPath
from labrun.registry.registry import Offer, Registry, UnknownPlugin

__all__ = ["Choosing"]


@dataclass(frozen=True)
class Choosing:
    """The choice of rows of one simulation. What is wrong goes to `book`."""

    book: FaultBook
    draft: Draft
    adaptive: Adaptive
    registry: Registry

    @property
    def _path(self) -> KeyPath:
        return self.draft.section, self.draft.base, "sweep", "adaptive"

    def sampler(self) -> tuple[Offer, Sampler] | None:
        """Configure the sampler; None if something is wrong with it."""
        chosen, path = self.adaptive.sampler, (*self._path, "sampler")
        where = f"{self.draft.id}.sweep.adaptive.sampler"
        try:
            offer = self.registry.find("samplers", chosen.use)
        except UnknownPlugin as error:
            self.book.add(f"{where}: {error}", path)
            return None
        plugin = cast("type[Sampler]", offer.plugin)
        if plugin.needs != self.adaptive.measure.kind:
            wanted = "'class_of'" if plugin.needs == "classes" else "'number'"
            self.book.add(f"{where}: '{chosen.use}' needs {plugin.needs}: give {wanted} under 'measure'", path)
            return None
        config: dict[str, Any] = chosen.with_
        try:
            return offer, plugin.configured(config)
        except ValidationError as error:
            self.book.explain(error, plugin, config, f"{where}.with ({offer.name})", (*path, "with"))
        except (Exception, SystemExit) as error:  # a validator of a plugin may raise what it likes
            self.book.add(plugin_failed(f"{where}.with", plugin, error), path)
        return None

    def check_measure(self, simulator: Simulator) -> bool:
        """Check that the simulator gives what is measured, and that there is a model where one is needed."""
        faults = [*self._faults(simulator)]
        for key, message in faults:
            self.book.add(f"{self.draft.id}.sweep.adaptive.measure.{key}: {message}", (*self._path, "measure", key))
        return not faults

    def _faults(self, simulator: Simulator) -> list[tuple[str, str]]:
        measure = self.adaptive.measure
        outline = Outline(self.draft.name, simulator, outputs=simulator.declared_outputs() or None)
        has_model = bool(self.draft.inputs.get("model"))
        if measure.class_of is not None:
            if not has_model and self.draft.is_joined:
                return [("class_of", "a model must classify the members: add 'from: {model: …}' to the simulation")]
            return [*outline.missing_array("class_of", measure.class_of)]
        if has_model:
            return [("number", "'from' names a model, but nothing is classified: remove it, or give 'class_of'")]
        try:
            parse_number(str(measure.number), (*simulator.declared_outputs(), *self.adaptive.columns))
        except ValueError as error:
            return [("number", str(error))]
        return []

"""Configure stages: let each plugin check its `with`, and the stages that it works on."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from labrun.contracts.inputs import Outline
from labrun.contracts.plugin import Simulator
from labrun.contracts.surroundings import Surroundings
from labrun.faults import LabrunError, Place, did_you_mean
from labrun.learning.pretrained import find_pretrained, load_trained
from labrun.learning.settings import FitBlock
from labrun.project.annotations import whole_fields
from labrun.project.blocks import AnalysisBlock, DatasetBlock, ModelBlock, SimulationBlock
from labrun.project.choosing import Choosing
from labrun.project.faultbook import FaultBook
from labrun.project.file_digests import digests_of_columns, with_digests
from labrun.project.pydantic_errors import explain
from labrun.project.rows import Rows, plugin_failed
from labrun.project.stage import (
    AdaptiveStage,
    AnalysisStage,
    DatasetStage,
    FittedModelStage,
    PretrainedModelStage,
    Ref,
    SimulationStage,
    Stage,
)
from labrun.project.sweep import Sweep
from labrun.project.sweeptable import SweepError, SweepTable
from labrun.project.tabulate import Source, open_sweep, tabulate
from labrun.project.wiring import Draft
from labrun.project.yaml12 import KeyPath
from labrun.registry.registry import Registry

__all__ = ["Configuring"]


@dataclass
class Configuring:
    """Makes stages of drafts. What is wrong goes to `book`."""

    book: FaultBook
    surroundings: Surroundings
    seed: int
    registry: Registry

    @property
    def folder(self) -> Path:
        """The folder of the project."""
        return self.surroundings.folder

    def stage(self, draft: Draft) -> Stage | None:
        """Configure the stage of a draft, a class for each kind of block; None if something is wrong with it.

        A block with faults of its own has not been parsed; its `with` is checked all the same.
        """
        block = draft.variant.parsed
        match block:
            case SimulationBlock():
                with _collector_paused():
                    return self._simulation(draft, block)
            case ModelBlock(pretrained=str(named)):
                return self._pretrained(draft, named)
        plugin = self._validated(draft)
        if plugin is None or not draft.is_joined:
            return None
        head = (draft.name, draft.base, draft.values, draft.offer, plugin, draft.inputs)
        match block:
            case DatasetBlock(split=split):
                return DatasetStage(*head, split)
            case ModelBlock(fit=FitBlock() as fit):
                return FittedModelStage(*head, fit, draft.fitted_on["train"], draft.fitted_on.get("validation"))
            case AnalysisBlock():
                return AnalysisStage(*head)
        return None

    def _validated(self, draft: Draft) -> Any:
        """The plugin, of the kind that its section holds; None if something is wrong."""
        config = draft.variant.block.get("with") or {}
        if draft.section == "simulations" or not isinstance(config, dict):
            return None
        block: KeyPath = (draft.section, draft.base)

        def locate(path: KeyPath, key: bool) -> Place | None:
            return draft.variant.place(self.book.document, block, ("with", *path), key)

        where = f"{draft.section}.{draft.base}.with ({draft.offer.name})"
        try:
            return draft.offer.plugin.configured(config)
        except ValidationError as error:
            self.book.extend(explain(error, draft.offer.plugin, config, lambda path: where, locate))
        except (Exception, SystemExit) as error:  # a validator of a plugin may raise what it likes
            self.book.add(plugin_failed(where, draft.offer.plugin, error), (*block, "with"))
        return None

    def _pretrained(self, draft: Draft, named: str) -> Stage | None:
        """Configure a model as it was when it was trained."""
        try:
            folder = find_pretrained(named, draft.offer.pretrained, self.folder)
            plugin = load_trained(folder, draft.offer).plugin
        except LabrunError as error:
            path = (draft.section, draft.base, *draft.variant.written_at(("pretrained",)))
            self.book.add(f"{draft.id}.pretrained: {error}", path)
            return None
        return PretrainedModelStage(draft.name, draft.base, draft.values, draft.offer, plugin, draft.inputs, folder)

    # -- simulations --

    def _simulation(self, draft: Draft, block: SimulationBlock) -> Stage | None:
        sweep = block.sweep or Sweep()
        adaptive = sweep.adaptive
        choosing = Choosing(self.book, draft, adaptive, self.registry) if adaptive is not None else None
        chosen = choosing.sampler() if choosing is not None else None
        table = self._table(draft, block)
        if table is None:
            return None
        plugin_class = _simulator_of(draft)
        table.parameters |= digests_of_columns(plugin_class, table.parameters)
        fixed = plugin_class.completed(
            with_digests(plugin_class, block.with_), replace(self.surroundings, timeout=block.timeout)
        )
        plugin = Rows(self.book, draft, table, fixed).checked()
        if plugin is None:
            return None
        head = (draft.name, draft.base, draft.values, draft.offer, plugin, draft.inputs)
        members = (table, fixed, block.failures, block.timeout)
        if adaptive is None or choosing is None:
            return SimulationStage(*head, *members)
        is_sound = choosing.check_measure(plugin)
        if chosen is None or not is_sound or not draft.is_joined:
            return None
        return AdaptiveStage(
            *head,
            *members,
            (table.size,),
            adaptive=adaptive,
            repeats=int(sweep.repeats),
            sampler_offer=chosen[0],
            sampler=chosen[1],
        )

    def _table(self, draft: Draft, block: SimulationBlock) -> SweepTable | None:
        """Make the table of a sweep; the names of its columns are checked before its rows are made."""
        if block.sweep is None:
            return SweepTable()
        path: KeyPath = (draft.section, draft.base, "sweep")
        try:
            source = open_sweep(block.sweep, self.folder, self.seed, draft.name)
            if not self._fits(draft, block, source):
                return None
            table = tabulate(block.sweep, source)
            table.make_whole(whole_fields(draft.offer.plugin))
            return table
        except SweepError as error:
            at = error.where if isinstance(error.where, Place) else self.book.document.place((*path, *error.where))
            self.book.add(f"{draft.id}.sweep: {error}", path, place=at)
            return None

    def _fits(self, draft: Draft, block: SimulationBlock, source: Source) -> bool:
        """Check that the plugin has a parameter for every swept column, and that `with` does not set it too."""
        simulator = _simulator_of(draft)
        unknown = [name for name in source.parameters if not simulator.may_sweep(name)]
        for name in unknown:
            self._unknown_column(draft, block, source, name)
        both = [name for name in source.parameters if name in block.with_]
        for name in both:
            message = f"{draft.id}: '{name}' is fixed under 'with' and swept too; remove one"
            self.book.add(message, (draft.section, draft.base, "with", name), key=True)
        return not unknown and not both

    def _unknown_column(self, draft: Draft, block: SimulationBlock, source: Source, name: str) -> None:
        found = source.heading(name)
        path: KeyPath = (draft.section, draft.base, "sweep")
        place = found if isinstance(found, Place) else self.book.document.place((*path, *found), key=True)
        hint = did_you_mean(name, [field.alias or key for key, field in draft.offer.plugin.model_fields.items()])
        if block.sweep and block.sweep.table is not None and block.sweep.columns is None:
            end = "" if hint.endswith("?") else "."
            hint += f"{end} A column that is not a parameter belongs in 'labels', or list the parameters in 'columns'"
        self.book.add(f"{draft.id}.sweep: {draft.offer.name} has no parameter '{name}'{hint}", path, place=place)

    # -- what plugins check together --

    def check_together(self, stage: Stage, stages: dict[str, Stage]) -> None:
        """Ask a plugin whether its configuration suits its inputs. All of them must be configured."""

        def outline(found: Ref | list[Ref]) -> Outline | list[Outline]:
            return (
                [stages[ref.id].outline() for ref in found] if isinstance(found, list) else stages[found.id].outline()
            )

        outlines = {name: outline(found) for name, found in stage.inputs.items()}
        block: KeyPath = (stage.section, stage.base)
        try:
            for key, message in stage.plugin.check(**outlines):
                self.book.add(f"{stage.section}.{stage.base}.with.{key}: {message}", (*block, "with", key))
        except (Exception, SystemExit) as error:  # a plugin's check may raise what it likes
            self.book.add(plugin_failed(f"{stage.id} ({stage.offer.name})", stage.offer.plugin, error), block)


def _simulator_of(draft: Draft) -> type[Simulator]:
    plugin = draft.offer.plugin
    assert issubclass(plugin, Simulator)
    return plugin


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause Python's cycle collector, which goes through all cells of a large table again and again, and finds nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

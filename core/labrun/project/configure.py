"""What the plugins say of their configuration: every stage's `with`, every row of a sweep, and what they check together."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from labrun.contracts.inputs import Outline
from labrun.contracts.plugin import Model, Plugin, Simulator
from labrun.faults import Fault, LabrunError, Place, did_you_mean
from labrun.learning.pretrained import find_pretrained, load_trained
from labrun.project.blocks import SimulationBlock
from labrun.project.faultbook import FaultBook
from labrun.project.matrix import Variant
from labrun.project.pydantic_errors import explain
from labrun.project.stage import Ref, Stage
from labrun.project.sweeptable import SweepError, SweepTable, distinct_rows, tabulate
from labrun.project.yaml12 import KeyPath
from labrun.registry.error_origin import error_origin
from labrun.registry.registry import Offer

__all__ = ["Configuring"]

ROWS_TOLD = 5
"""Of rows with faults, so many are told one by one."""
ROWS_AT_ONCE = 1000
SUSPECTS = 10_000
"""So many rows with faults are looked at; more would take long, and say nothing new."""


@dataclass
class Configuring:
    """Configures the plugins of stages. What is wrong goes to `book`."""

    book: FaultBook
    folder: Path
    seed: int

    def configure(self, stage: Stage, variant: Variant) -> bool:
        """Set the plugin of a stage (and its table, if it is a simulation); False if that is not possible.

        A block that has faults of its own is not parsed; its `with` is looked at all the same.
        """
        if isinstance(variant.parsed, SimulationBlock):
            return self._simulation(stage, variant.parsed)
        if stage.section == "simulations" or not isinstance(variant.block.get("with", {}), dict):
            return False
        pretrained = getattr(variant.parsed, "pretrained", None)
        if pretrained is not None:
            return self._pretrained(stage, variant, pretrained)
        plugin = self._validated(stage.offer, (stage.section, stage.base), variant)
        if plugin is not None:
            stage.plugin = plugin
        return plugin is not None and variant.parsed is not None

    def _validated(self, offer: Offer, block: KeyPath, variant: Variant) -> Plugin | None:
        config = variant.block.get("with") or {}

        def locate(path: KeyPath, key: bool) -> Place | None:
            return self.book.document.place((*block, *variant.written_at(("with", *path))), key=key)

        where = f"{block[0]}.{block[1]}.with ({offer.name})"
        try:
            return offer.plugin.configured(config)
        except ValidationError as error:
            self.book.extend(explain(error, offer.plugin, config, lambda path: where, locate))
        except (Exception, SystemExit) as error:  # a validator of a plugin may raise what it likes
            self.book.add(_failed(where, offer.plugin, error), (*block, "with"))
        return None

    def _pretrained(self, stage: Stage, variant: Variant, text: str) -> bool:
        """Configure a model as it was when it was trained."""
        try:
            assert issubclass(stage.offer.plugin, Model)
            stage.pretrained = find_pretrained(text, stage.offer.plugin.pretrained, self.folder)
            stage.plugin = load_trained(stage.pretrained, stage.offer).plugin
        except LabrunError as error:
            path = (stage.section, stage.base, *variant.written_at(("pretrained",)))
            self.book.add(f"{stage.id}.pretrained: {error}", path)
            return False
        return True

    # -- simulations -----------------------------------------------------------------------------------------------------------

    def _simulation(self, stage: Stage, block: SimulationBlock) -> bool:
        path: KeyPath = (stage.section, stage.base, "sweep")
        stage.fixed = block.with_
        try:
            stage.table = tabulate(block.sweep, self.folder, self.seed, stage.name) if block.sweep else SweepTable()
        except SweepError as error:
            at = error.where if isinstance(error.where, Place) else self.book.document.place((*path, *error.where))
            self.book.add(f"{stage.id}.sweep: {error}", path, place=at)
            return False
        known = {name for key, field in stage.offer.plugin.model_fields.items() for name in (key, field.alias)}
        unknown = [name for name in stage.table.parameters if name not in known]
        for name in unknown:
            self._unknown_column(stage, block, stage.table, name)
        both = [name for name in stage.table.parameters if name in stage.fixed]
        for name in both:
            message = f"{stage.id}: '{name}' is fixed under 'with' and swept too; remove one"
            self.book.add(message, (*path[:2], "with", name), key=True)
        return not unknown and self._rows(stage, stage.table) and not both

    def _unknown_column(self, stage: Stage, block: SimulationBlock, table: SweepTable, name: str) -> None:
        found = table.origin.heading(name)
        path: KeyPath = (stage.section, stage.base, "sweep")
        place = found if isinstance(found, Place) else self.book.document.place((*path, *found), key=True)
        hint = did_you_mean(name, [field.alias or key for key, field in stage.offer.plugin.model_fields.items()])
        if block.sweep and block.sweep.table is not None and block.sweep.columns is None:
            end = "" if hint.endswith("?") else "."
            hint += f"{end} A column that is no parameter belongs into 'labels', or name those that are in 'columns'"
        self.book.add(f"{stage.id}.sweep: {stage.offer.name} has no parameter '{name}'{hint}", path, place=place)

    def _rows(self, stage: Stage, table: SweepTable) -> bool:
        """Let the plugin check every distinct row. The first also tells what is wrong in all of them.

        Rows whose faults show at the same place (a value of a grid, an interval) are told once.
        """
        rows = distinct_rows(table)
        suspects = itertools.chain([next(rows)], itertools.islice(self._suspects(stage, rows), SUSPECTS))
        told, places = 0, set[Place | None]()
        for member, row in suspects:
            faults = [fault for fault in self._row(stage, table, member, row) if fault.place not in places]
            if faults and told == ROWS_TOLD:
                message = f"{stage.id}: of the rows with faults, only the first {ROWS_TOLD} are shown"
                self.book.add(message, (stage.section, stage.base, "sweep"), key=True)
                break
            self.book.extend(faults)
            places.update(fault.place for fault in faults)
            told += bool(faults)
        return not told

    def _suspects(
        self, stage: Stage, rows: Iterator[tuple[int, dict[str, Any]]]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """The rows that have faults of their own. Many are validated at once, which is several times faster."""
        validator: TypeAdapter[list[Plugin]] = TypeAdapter(list[stage.offer.plugin])  # type: ignore[name-defined]
        while chunk := [*itertools.islice(rows, ROWS_AT_ONCE)]:
            try:
                validator.validate_json(to_json([stage.fixed | row for _, row in chunk]), strict=True)
            except ValidationError as error:
                yield from (chunk[i] for i in _rows_to_blame(error, chunk[0][1]))
            except (Exception, SystemExit):  # a validator of a plugin may raise what it likes; `_row` tells it
                yield from chunk

    def _row(self, stage: Stage, table: SweepTable, member: int, row: dict[str, Any]) -> list[Fault]:
        """What is wrong with one row together with what is fixed; the first also gives the stage its plugin."""
        block: KeyPath = (stage.section, stage.base)
        where = f"{stage.section}.{stage.base}.with ({stage.offer.name})"
        where_in_row = f"{where}, {table.called(member)}" if row else where
        config = stage.fixed | row

        def name(path: KeyPath) -> str:
            return where_in_row if not path or path[0] in row else where

        def locate(path: KeyPath, key: bool) -> Place | None:
            if not row or (path and path[0] not in row):
                return self.book.document.place((*block, "with", *path), key=key)
            found = table.where(member, str(path[0]) if path else "")
            return found if isinstance(found, Place) else self.book.document.place((*block, "sweep", *found), key=key)

        try:
            plugin = stage.offer.plugin.configured(config)
        except ValidationError as error:
            return explain(error, stage.offer.plugin, config, name, locate)
        except (Exception, SystemExit) as error:  # as above
            return [Fault(_failed(where_in_row, stage.offer.plugin, error), locate((), False))]
        if member == 0:
            stage.plugin = plugin
        return []

    # -- what plugins check together -------------------------------------------------------------------------------------------

    def check_together(self, stage: Stage, stages: dict[str, Stage]) -> None:
        """Ask a plugin whether its configuration fits to its inputs. All of them must be configured."""

        def outline(ref: Ref) -> Outline:
            found = stages[ref.id]
            outputs = found.plugin.outputs if isinstance(found.plugin, Simulator) else None
            return Outline(found.name, found.plugin, tuple(found.table.columns) if found.table else (), outputs or None)

        outlines = {
            name: [outline(ref) for ref in found] if isinstance(found, list) else found and outline(found)
            for name, found in stage.inputs.items()
            if not name.startswith("fit.")
        }
        block: KeyPath = (stage.section, stage.base)
        try:
            for key, message in stage.plugin.check(**outlines):
                self.book.add(f"{stage.section}.{stage.base}.with.{key}: {message}", (*block, "with", key))
        except (Exception, SystemExit) as error:  # a plugin's check may raise what it likes
            self.book.add(_failed(f"{stage.id} ({stage.offer.name})", stage.offer.plugin, error), block)


def _rows_to_blame(error: ValidationError, row: dict[str, Any]) -> Iterable[int]:
    """The numbers of rows with faults in what is swept, or in all together; others are in every row."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    own = [p["loc"] for p in problems if p["type"] != "extra_forbidden"]
    return dict.fromkeys(int(where[0]) for where in own if where and (len(where) == 1 or where[1] in row))


def _failed(where: str, plugin: type[Plugin], error: BaseException) -> str:
    return f"{where}: the plugin's own check failed: {error_origin(plugin.__module__, error)}"

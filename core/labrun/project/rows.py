"""Check the rows of a sweep, each together with what is fixed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from labrun.contracts.plugin import Plugin
from labrun.faults import Fault, Place
from labrun.project.faultbook import FaultBook
from labrun.project.pydantic_errors import explain
from labrun.project.sweeptable import SweepTable, distinct_rows
from labrun.project.wiring import Draft
from labrun.project.yaml12 import KeyPath
from labrun.registry.error_origin import error_origin

__all__ = ["Rows", "plugin_failed"]

ROWS_SHOWN = 5
"""Rows with faults that are reported one by one."""
ROWS_AT_ONCE = 1000
SUSPECTS = 10_000
"""Rows with faults that are looked at: more would take long, and add nothing."""


@dataclass(frozen=True)
class Rows:
    """The rows of a simulation's table."""

    book: FaultBook
    draft: Draft
    table: SweepTable
    fixed: dict[str, Any]

    def checked(self) -> Any:
        """Let the plugin check every distinct row; return it as the first row configures it, or None if a row has a fault.

        The first row also shows what is wrong in all of them. Rows whose faults are at the same place (a value of a grid, an interval) are
        reported once.
        """
        rows = distinct_rows(self.table)
        first = next(rows)
        plugin, faults = self._check(*first)
        reported, places = 0, set[Place | None]()
        for found in itertools.chain([faults], self._faults(rows)):
            new = [fault for fault in found if fault.place not in places]
            if new and reported == ROWS_SHOWN:
                message = f"{self.draft.id}: of the rows with faults, only the first {ROWS_SHOWN} are shown"
                self.book.add(message, (self.draft.section, self.draft.base, "sweep"), key=True)
                break
            self.book.extend(new)
            places.update(fault.place for fault in new)
            reported += bool(new)
        return None if reported else plugin

    def _faults(self, rows: Iterator[tuple[int, dict[str, Any]]]) -> Iterator[list[Fault]]:
        return (self._check(member, row)[1] for member, row in itertools.islice(self._suspects(rows), SUSPECTS))

    def _suspects(self, rows: Iterator[tuple[int, dict[str, Any]]]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield rows that have faults of their own. Many are validated at once, which is several times faster."""
        validator: TypeAdapter[list[Plugin]] = TypeAdapter(list[self.draft.offer.plugin])  # type: ignore[name-defined]
        while chunk := [*itertools.islice(rows, ROWS_AT_ONCE)]:
            try:
                validator.validate_json(to_json([self.fixed | row for _, row in chunk]), strict=True)
            except ValidationError as error:
                yield from (chunk[i] for i in _rows_to_blame(error, chunk[0][1]))
            except (Exception, SystemExit):  # a validator of a plugin may raise what it likes; `_check` reports it
                yield from chunk

    def _check(self, member: int, row: dict[str, Any]) -> tuple[Plugin | None, list[Fault]]:
        """Configure the plugin with one row and what is fixed; return what is wrong with it."""
        draft, offer = self.draft, self.draft.offer
        block: KeyPath = (draft.section, draft.base)
        where = f"{draft.section}.{draft.base}.with ({offer.name})"
        where_in_row = f"{where}, {self.table.called(member)}" if row else where
        config = self.fixed | row

        def name(path: KeyPath) -> str:
            return where_in_row if not path or path[0] in row else where

        def locate(path: KeyPath, key: bool) -> Place | None:
            place = self.book.document.place
            if not row or (path and path[0] not in row):
                return place((*block, "with", *path), key=key)
            found = self.table.where(member, str(path[0]) if path else "")
            return found if isinstance(found, Place) else place((*block, "sweep", *found), key=key)

        try:
            return offer.plugin.configured(config), []
        except ValidationError as error:
            return None, explain(error, offer.plugin, config, name, locate)
        except (Exception, SystemExit) as error:  # as above
            return None, [Fault(plugin_failed(where_in_row, offer.plugin, error), locate((), False))]


def _rows_to_blame(error: ValidationError, row: dict[str, Any]) -> Iterable[int]:
    """The numbers of rows with faults in what is swept, or in all together; others are in every row."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    own = [p["loc"] for p in problems if p["type"] != "extra_forbidden"]
    return dict.fromkeys(int(where[0]) for where in own if where and (len(where) == 1 or where[1] in row))


def plugin_failed(where: str, plugin: type[Plugin], error: BaseException) -> str:
    """Describe what a plugin's own check raised."""
    return f"{where}: the plugin's own check failed: {error_origin(plugin.__module__, error)}"

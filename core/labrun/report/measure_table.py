"""The measures of an analysis as a table, and one of them in a few words."""

from __future__ import annotations

import math
from collections.abc import Mapping

from labrun.amounts import shown, with_interval
from labrun.contracts.measure import Measure
from labrun.report.tables import Cell, Table

__all__ = ["as_cell", "measure_table", "short", "value_text"]

NAME = "numbers"
HEADER = ["number", "value", "value_low", "value_high", "unit", "baseline", "ceiling", "over", "of"]


def measure_table(measures: Mapping[str, Measure]) -> Table:
    """Return a row for each measure; columns that would be empty are left out."""
    rows: list[list[Cell]] = []
    for name, one in measures.items():
        ends = (one.interval.low, one.interval.high) if one.interval else (None, None)
        rows.append(
            [name, as_cell(one.value), *ends, one.unit, _plain(one.baseline), _plain(one.ceiling), one.n, one.units]
        )
    kept = [at for at in range(len(HEADER)) if any(row[at] not in (None, "") for row in rows)]
    return Table(NAME, [HEADER[at] for at in kept], [[row[at] for at in kept] for row in rows], unlike=True)


def value_text(measure: Measure) -> tuple[str, str]:
    """Return a value and its interval as two texts, rounded alike; the second is empty without an interval."""
    if measure.interval is None:
        return shown(as_cell(measure.value)), ""
    value, _, ends = with_interval(measure.value, measure.interval.low, measure.interval.high).partition(" ")
    return value, ends


def short(name: str, measure: Measure) -> str:
    """Return `accuracy 0.93`: the quantity and its value, rounded by its interval."""
    unit = f" {measure.unit}" if measure.unit else ""
    return f"{measure.name or name} {value_text(measure)[0]}{unit}"


def _plain(bound: float | None) -> Cell:
    return None if bound is None else as_cell(float(bound))


def as_cell(value: float) -> int | float:
    """Return a number as a cell of a table, whole ones as integers."""
    return int(value) if math.isfinite(value) and float(value).is_integer() and abs(value) < 2**53 else value

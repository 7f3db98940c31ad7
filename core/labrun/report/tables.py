"""Tables of the page: how each column is written, and which rows it holds.

Whole numbers are written as whole numbers, other columns of numbers with equal decimals. The columns `x`, `x_low` and `x_high` (or
`x, low` and `x, high`) are shown as one: the number and its interval, rounded by its width. `templates/js/tables.js` does the same for
further rows.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from labrun.amounts import with_interval
from labrun.files.guarded import GuardedPath

__all__ = ["Column", "Table", "read_table"]

PAGE = 12
"""Rows that are shown at once."""
CELLS_AT_MOST = 120_000
"""Cells that the page holds of one table, about a megabyte; all are in its CSV file."""
DIGITS, KEPT_DIGITS = 4, 7
"""Significant digits that are shown, and that the page holds to sort by and to save; the CSV file has all."""
WIDEST = 6
"""Orders of magnitude in a column beyond which its numbers get equal digits, not equal decimals."""

Cell = str | int | float | None
Row = list[Cell]


@dataclass(frozen=True)
class Column:
    """How a column is written: `kind` is `text`, `whole`, `fixed` (with `decimals`) or `general` (with four digits). `at` is the place
    of its value in a row; `low` and `high` are those of its interval."""

    name: str
    kind: str
    at: int
    decimals: int = 0
    low: int | None = None
    high: int | None = None

    @property
    def is_number(self) -> bool:
        """Whether its cells are numbers, which are aligned to the right."""
        return self.kind != "text"

    def shown(self, row: Sequence[Cell]) -> str:
        """Return the cell of a row as text."""
        value = row[self.at]
        if value is None or isinstance(value, str):
            return value or ""
        low, high = (None if at is None else row[at] for at in (self.low, self.high))
        if isinstance(low, (int, float)) and isinstance(high, (int, float)):
            return with_interval(value, low, high)
        if not math.isfinite(value):
            return str(value)
        match self.kind:
            case "whole":
                return f"{int(value):,}" if abs(value) >= 10_000 else str(int(value))
            case "fixed":
                return f"{value:.{self.decimals}f}"
        return f"{value:.{DIGITS}g}"


@dataclass
class Table:
    """A table by its cells: texts, numbers, or None where there is nothing. `more` counts the rows that only `file` holds."""

    name: str
    header: list[str]
    rows: list[Row]
    caption: str = ""
    file: str = ""
    more: int = 0
    unlike: bool = False
    """Whether the numbers of a column have different units, and are rounded one by one"""
    columns: list[Column] = field(init=False)

    def __post_init__(self) -> None:
        self.columns = _columns(self.header, self.rows, self.unlike)

    @property
    def first(self) -> list[list[str]]:
        """The cells of the first rows as text."""
        return [[column.shown(row) for column in self.columns] for row in _kept(self.rows[:PAGE])]

    @property
    def data(self) -> dict[str, Any]:
        """What the page's script needs: header, columns and rows."""
        columns = [vars(column) for column in self.columns]
        return {"name": self.name, "page": PAGE, "header": self.header, "columns": columns, "rows": _kept(self.rows)}


def read_table(path: GuardedPath, name: str, caption: str) -> Table:
    """Read a table of findings."""
    with path.opened("r", newline="", encoding="utf-8") as stream:
        header, *rows = list(csv.reader(stream)) or [[]]
    kept = rows[: max(PAGE, CELLS_AT_MOST // max(1, len(header)))]
    columns = [_values(column) for column in zip(*kept, strict=True)]
    cells = [list(row) for row in zip(*columns, strict=True)]
    return Table(name, header, cells, caption, f"{name}.csv", len(rows) - len(kept))


def _values(cells: Sequence[str]) -> Sequence[Cell]:
    """The cells of a column as numbers, if all of them are; whole ones as integers, though pandas may have written them as 30.0."""
    try:
        numbers = [float(cell) if cell else None for cell in cells]
    except ValueError:
        return cells
    if all(number is None or (number.is_integer() and abs(number) < 2**53) for number in numbers):
        return [None if number is None else int(number) for number in numbers]
    return numbers


def _kept(rows: list[Row]) -> list[Row]:
    """Rows as the page holds them."""
    return [[_in_json(cell) for cell in row] for row in rows]


def _in_json(cell: Cell) -> Cell:
    """Round a number to seven digits; NaN and infinity, which JSON does not have, become texts."""
    if not isinstance(cell, float):
        return cell
    return float(f"{cell:.{KEPT_DIGITS}g}") if math.isfinite(cell) else str(cell)


def _columns(header: list[str], rows: list[Row], unlike: bool) -> list[Column]:
    place = {name: at for at, name in enumerate(header)}
    ends: dict[str, tuple[int, int]] = {}
    for name in header:
        for lower, upper in ((f"{name}_low", f"{name}_high"), (f"{name}, low", f"{name}, high")):
            if lower in place and upper in place:
                ends[name] = place[lower], place[upper]
    hidden = {at for pair in ends.values() for at in pair}
    columns = []
    for at, name in enumerate(header):
        if at not in hidden:
            kind, decimals = _kind([row[at] for row in rows], unlike)
            low, high = ends.get(name, (None, None))
            columns.append(Column(name, kind, at, decimals, low, high))
    return columns


def _kind(cells: list[Cell], unlike: bool) -> tuple[str, int]:
    """The kind and the decimals of a column."""
    if any(isinstance(cell, str) for cell in cells):
        return "text", 0
    if all(isinstance(cell, int) or cell is None for cell in cells):
        return "whole", 0
    sizes = [abs(cell) for cell in cells if cell and not isinstance(cell, str) and math.isfinite(cell)]
    if unlike or not sizes or math.log10(max(sizes) / min(sizes)) > WIDEST or not 1e-4 <= max(sizes) < 1e7:
        return "general", 0
    return "fixed", max(0, DIGITS - 1 - math.floor(math.log10(max(sizes))))

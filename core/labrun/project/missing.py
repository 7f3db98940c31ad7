"""Missing values in the table of a sweep: empty cells, NaN, and words such as `n/a` among numbers.

A value that is missing is not a value: an empty label would become a class, and one `NaN` among numbers would turn a regression into a
classification. So such rows are refused, or left out where the sweep says `missing: drop`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from labrun.project.sweeptable import SweepError, SweepTable

__all__ = ["NULLS", "expect_complete"]

MISSING_WORDS = frozenset({"nan", "na", "n/a", "#n/a", "none", "missing", "-", "--", "?"})
"""Words for a missing value where all other values of a column are numbers, in lower case. In labels, `null` does too."""
NULLS = frozenset({"null", "~"})
"""The word in a CSV file for an optional parameter that is not set."""
ROWS_SHOWN = 5


def expect_complete(table: SweepTable, name: str, columns: Iterable[str], *, drop: bool) -> SweepTable:
    """Refuse a table if a value is missing in one of these columns, or leave its row out.

    Raises:
        SweepError: a value is missing, or a text stands among the numbers of a label.
    """
    missing: dict[int, str] = {}
    for column in columns:
        for row in _missing(table, column):
            missing.setdefault(row, column)
    if not missing:
        return table
    listed = _listed(table, missing)
    if not drop:
        first = min(missing)
        advice = "Fill them in, remove these rows, or leave them out by 'missing: drop' in the sweep"
        raise SweepError(f"{name} lacks values: {listed}. {advice}", table.where(first, missing[first]))
    kept = [row for row in range(table.size) if row not in missing]
    if not kept:
        raise SweepError(f"{name} lacks a value in every row: {listed}", ("table",))
    parameters, labels = (
        {column: [values[row] for row in kept] for column, values in columns.items()}
        for columns in (table.parameters, table.labels)
    )
    remark = f"{len(missing)} of {table.size} rows of {name} are left out, because values are missing: {listed}"
    return SweepTable(parameters, labels, len(kept), table.origin, kept, remarks=(remark,))


def _missing(table: SweepTable, column: str) -> Iterable[int]:
    """Return the rows in which a column lacks its value."""
    values = table.columns[column]
    texts = [row for row, value in enumerate(values) if type(value) is str]
    others = [row for row, value in enumerate(values) if type(value) not in (str, int)]
    empty = [row for row in others if values[row] is None or _is_nan(values[row])]
    truths = sum(type(values[row]) is bool for row in others)
    if not texts or len(texts) + len(empty) + truths == len(values):
        return empty
    is_label = column in table.labels
    known = MISSING_WORDS | NULLS if is_label else MISSING_WORDS
    words = [row for row in texts if values[row].lower() in known]
    if is_label and len(words) < len(texts):
        row = next(row for row in texts if values[row].lower() not in known)
        raise SweepError(
            f"{table.called(row)}: the column '{column}' holds the text '{values[row]:.60}' among numbers. Write numbers only, or names of "
            "classes that do not look like numbers",
            table.where(row, column),
        )
    return [*empty, *words]


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _listed(table: SweepTable, missing: dict[int, str]) -> str:
    shown = []
    for row in sorted(missing)[:ROWS_SHOWN]:
        value = table.columns[missing[row]][row]
        shown.append(f"'{missing[row]}' in {table.called(row)} ({'empty' if value is None else value})")
    more = f", and {len(missing) - ROWS_SHOWN} more rows" if len(missing) > ROWS_SHOWN else ""
    return ", ".join(shown) + more

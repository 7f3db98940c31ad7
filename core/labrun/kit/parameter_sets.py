"""Sets of parameters: members of an ensemble that agree in all columns of its table but `repeat` are replicas of one set."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

from labrun.contracts.ensemble import REPEAT, Ensemble

__all__ = ["ParameterSet", "averaged_over", "equation", "in_words", "parameter_sets", "varying"]

REALIZATIONS = (REPEAT, "realization")
"""Columns that number realizations, over which averages are expected"""
LONGEST = 24
"""Characters of a text that are shown, from its end, where paths and digests differ"""


@dataclass(frozen=True)
class ParameterSet:
    """The values that some members share, by column, and the positions of these members in the ensemble."""

    values: dict[str, Any]
    members: list[int]
    labels: Mapping[str, str] = field(default_factory=dict)
    """Symbol and unit of columns that have one"""

    def title(self, columns: Iterable[str] | None = None) -> str:
        """Return the values of some columns, by default of all, with symbols, as figures show them: `ρ = 0.15, α = 0.0156`."""
        names = self.values if columns is None else columns
        return ", ".join(equation(self.labels.get(name, name.replace("_", " ")), self.values[name]) for name in names)

    def label(self, columns: Iterable[str] | None = None) -> str:
        """Return the values of some columns, by default of all: `density=0.15, tumbling_rate=0.0156`."""
        names = self.values if columns is None else columns
        return ", ".join(f"{name}={in_words(self.values[name])}" for name in names)


def parameter_sets(simulation: Ensemble) -> list[ParameterSet]:
    """Return all sets of parameters, ordered by their values, column by column."""
    names = [name for name in simulation.columns if name != REPEAT]
    sets: dict[str, ParameterSet] = {}
    for i in range(len(simulation)):
        values = {name: simulation.columns[name][i] for name in names}
        key = repr(values)  # as text, since a value may be a list, or a label that is missing
        sets.setdefault(key, ParameterSet(values, [], simulation.labels)).members.append(i)
    return sorted(sets.values(), key=lambda one: [_order(value) for value in one.values.values()])


def varying(sets: Sequence[ParameterSet]) -> list[str]:
    """Return the columns in which sets differ."""
    return [name for name in sets[0].values if len({repr(one.values[name]) for one in sets}) > 1]


def averaged_over(simulation: Ensemble, columns: Iterable[str]) -> list[str]:
    """Return the columns, other than numbers of realizations, in which members with equal `columns` differ; unknown columns are ignored."""
    parameters = simulation.parameters.astype(str)  # a value may be a list
    known = [name for name in columns if name in parameters]
    others = [name for name in parameters.columns if name not in (*known, *REALIZATIONS)]
    counts = parameters.groupby(known or (lambda _: 0))[others].nunique()
    return [name for name in others if (counts[name] > 1).any()]


def equation(label: str, value: Any) -> str:
    """Return `α = 0.0156` for the label `α [1/sweep]` and a value: its unit stands at the axis or above the legend."""
    return f"{label.partition(' [')[0]} = {in_words(value)}"


def in_words(value: Any) -> str:
    """Return a number with three significant digits; whole numbers and texts as they are, long texts from their end."""
    text = f"{value:.3g}" if isinstance(value, Real) and not isinstance(value, Integral) else str(value)
    return text if len(text) <= LONGEST else "…" + text[1 - LONGEST :]


def _order(value: Any) -> tuple[int, Any]:
    """Order numbers by value, then everything else by its text."""
    return (0, value) if isinstance(value, Real) and not math.isnan(value) else (1, str(value))

"""The space of an adaptive sweep: the rows that may be asked, and the coordinates by which samplers see them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from labrun.project.adaptive import Axis, Start
from labrun.project.ranges import Interval, Range

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Row", "Space"]

Row: TypeAlias = tuple[Any, ...]
"""A value for each column, in their order."""

CANDIDATES = 2**13
"""Places that a sampler chooses from, where there are more than it can look at: enough for a hundred in each direction of a plane."""

PLACES = 2**16
"""The most places of a grid that are all candidates."""


@dataclass(frozen=True)
class _Interval:
    """Numbers between two ends."""

    interval: Interval
    width = 1
    places = math.inf

    def values(self, unit: np.ndarray) -> list[Any]:
        return list(self.interval.spread(unit))

    def coordinates(self, values: Sequence[Any]) -> np.ndarray:
        return _scaled(values, self.interval.from_, self.interval.to, self.interval.scale)


@dataclass(frozen=True)
class _Levels:
    """Some numbers, in any order."""

    levels: Sequence[Any]
    scale: str
    width = 1

    @property
    def places(self) -> int:
        return len(self.levels)

    def values(self, unit: np.ndarray) -> list[Any]:
        return [self.levels[int(u * len(self.levels))] for u in unit]

    def coordinates(self, values: Sequence[Any]) -> np.ndarray:
        return _scaled(values, min(self.levels), max(self.levels), self.scale)


@dataclass(frozen=True)
class _Categories:
    """Values without order: a coordinate for each, so that two of them have the distance 1."""

    levels: Sequence[Any]

    @property
    def width(self) -> int:
        return len(self.levels)

    @property
    def places(self) -> int:
        return len(self.levels)

    def values(self, unit: np.ndarray) -> list[Any]:
        return [self.levels[int(u * len(self.levels))] for u in unit]

    def coordinates(self, values: Sequence[Any]) -> np.ndarray:
        import numpy as np

        number = {value: i for i, value in enumerate(self.levels)}
        return np.eye(len(self.levels))[[number[value] for value in values]] / math.sqrt(2)


def _scaled(values: Sequence[Any], low: float, high: float, scale: str) -> np.ndarray:
    """Map numbers from `low` … `high` to 0 … 1, (values, 1)."""
    import numpy as np

    numbers, low, high = np.array(values, float)[:, None], float(low), float(high)
    if scale == "log":
        numbers, low, high = np.log(numbers), math.log(low), math.log(high)
    return (numbers - low) / (high - low) if high > low else np.zeros_like(numbers)


def _axis(axis: Axis) -> _Interval | _Levels | _Categories:
    if isinstance(axis, Interval):
        return _Interval(axis)
    if isinstance(axis, Range):
        return _Levels(list(dict.fromkeys(axis.values())), axis.scale)
    levels = list(dict.fromkeys(axis))
    is_numeric = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in levels)
    return _Levels(levels, "linear") if is_numeric else _Categories(levels)


class Space:
    """All rows that a sweep may ask."""

    def __init__(self, columns: Mapping[str, Axis]) -> None:
        self.columns = list(columns)
        self._axes = [_axis(axis) for axis in columns.values()]
        self._levels = [[] if isinstance(axis, _Interval) else list(axis.levels) for axis in self._axes]

    @property
    def places(self) -> float:
        """The number of different rows; infinite where a column is an interval."""
        return math.prod(axis.places for axis in self._axes)

    def points(self, rows: Sequence[Row]) -> np.ndarray:
        """Return the coordinates of rows, (rows, coordinates), dimensionless (see `labrun.contracts.sampling.Asked`)."""
        import numpy as np

        if not rows:
            return np.empty((0, sum(axis.width for axis in self._axes)))
        columns = zip(*rows, strict=True)
        return np.hstack([axis.coordinates(values) for axis, values in zip(self._axes, columns, strict=True)])

    def start(self, start: Start, rng: np.random.Generator) -> list[Row]:
        """Return the rows of the first round, each once; fewer than asked for where there are not so many."""
        if self.places <= start.count:
            return list(itertools.product(*self._levels))
        draws = start.count
        while True:  # draws that fall on one place of a grid count once
            rows = self._drawn(draws, start.method, rng)
            if len(rows) >= start.count:
                return rows[: start.count]
            draws *= 2

    def candidates(self, asked: Sequence[Row], rng: np.random.Generator) -> list[Row]:
        """Return rows that may be asked next: all that are left of a grid, or a Sobol sequence over the space, without those asked."""
        known = set(asked)
        found = itertools.product(*self._levels) if self.places <= PLACES else self._drawn(CANDIDATES, "sobol", rng)
        return [row for row in found if row not in known]

    def reference(self, rng: np.random.Generator) -> np.ndarray:
        """Return the coordinates of places all over the space, (places, coordinates), by which two predictions are compared."""
        return self.points(self.candidates([], rng))

    def _drawn(self, count: int, method: str, rng: np.random.Generator) -> list[Row]:
        """Draw rows, and return each once."""
        from scipy.stats import qmc

        dimensions = len(self._axes)
        if method == "sobol":
            unit = qmc.Sobol(dimensions, rng=rng).random_base2((count - 1).bit_length())[:count]
        elif method == "latin_hypercube":
            unit = qmc.LatinHypercube(dimensions, rng=rng).random(count)
        else:
            unit = rng.random((count, dimensions))
        columns = [axis.values(unit[:, i]) for i, axis in enumerate(self._axes)]
        return list(dict.fromkeys(zip(*columns, strict=True)))

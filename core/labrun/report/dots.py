"""Dots and whiskers: numbers of one quantity on a common scale, with their intervals, what they have to beat and the best possible.

Places are percentages of the scale's width, so that the drawing follows the width of the page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from labrun.contracts.measure import Measure

__all__ = ["Bound", "Scale", "bounds_of", "scale_of"]

MARGIN = 4.0
"""Left and right of the outermost values [%]."""
TICKS = 4


@dataclass(frozen=True)
class Bound:
    """A baseline or a ceiling of one or more measures. `name` is the method that reaches it, if it has one."""

    kind: str
    name: str
    measure: Measure


@dataclass(frozen=True)
class Scale:
    """A scale from `low` to `high`, and the numbers written along it."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    """Place [%] and text"""

    def at(self, value: float) -> float:
        """Return the place of a value [%], on the scale's ends if it lies outside."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(MARGIN + share * (100 - 2 * MARGIN), 2)


def bounds_of(measures: Sequence[Measure]) -> list[Bound]:
    """Return the baselines and ceilings of measures, each once: equal ones belong to several measures."""
    found: dict[tuple[str, str, float], Bound] = {}
    for kind in ("baseline", "ceiling"):
        for measure in measures:
            bound = getattr(measure, kind)
            if bound is not None and math.isfinite(bound):
                one = bound if isinstance(bound, Measure) else Measure(bound)
                found.setdefault((kind, one.model, one.value), Bound(kind, one.model, one))
    return list(found.values())


def scale_of(measures: Sequence[Measure]) -> Scale | None:
    """Return a scale that holds all values and intervals, or None if they are one number, or none."""
    values = []
    for measure in measures:
        ends = (measure.interval.low, measure.interval.high) if measure.interval else ()
        values += [value for value in (measure.value, *ends) if math.isfinite(value)]
    if not values or min(values) == max(values):
        return None
    low, high = min(values), max(values)
    step = _step((high - low) / TICKS)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    decimals = max(0, -math.floor(math.log10(step)))
    bare = Scale(low, high, ())
    return Scale(
        low, high, tuple((bare.at(i * step), f"{i * step + 0.0:.{decimals}f}") for i in range(first, last + 1))
    )


def _step(wanted: float) -> float:
    """The least of 1, 2, 5, 10, … that is not below `wanted`."""
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= wanted * (1 - 1e-9))

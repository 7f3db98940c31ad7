"""Ranges and intervals of a parameter, as a sweep writes them."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field, model_validator

from labrun.contracts.strict import StrictModel

__all__ = ["MAX_MEMBERS", "Interval", "Range"]

MAX_MEMBERS = 20_000_000


class Range(StrictModel):
    """Evenly spaced values: `from` to `to` (which is included where a step lands on it) by `step`, or `count` of them."""

    from_: float = Field(alias="from", description="first value")
    to: float = Field(description="last value")
    step: float | None = Field(None, gt=0, description="distance of two values")
    count: int | None = Field(None, ge=2, le=MAX_MEMBERS, description="how many values")
    scale: Literal["linear", "log"] = Field("linear", description="spacing of the values")

    @model_validator(mode="after")
    def _check(self) -> Range:
        if (self.step is None) == (self.count is None):
            raise ValueError("give either 'step' or 'count'")
        if self.to < self.from_:
            raise ValueError(f"'to' ({self.to}) is below 'from' ({self.from_})")
        if self.scale == "log" and (self.step is not None or self.from_ <= 0):
            raise ValueError("a log range needs 'count' and positive ends")
        if self.step is not None and self._steps() >= MAX_MEMBERS:
            raise ValueError(f"the range has more than {MAX_MEMBERS:,} values")
        _check_distance(self.from_, self.to)
        return self

    def _steps(self) -> int:
        """Count the steps that fit, in decimal arithmetic: 0.3 is three steps of 0.1, which it is not in binary."""
        return int((Decimal(repr(self.to)) - Decimal(repr(self.from_))) / Decimal(repr(self.step)))

    def values(self) -> list[float]:
        """Return the values; steps are added in decimal arithmetic, so that 0.03 + 3 × 0.01 is 0.06."""
        if self.step is not None:
            start, step = Decimal(repr(self.from_)), Decimal(repr(self.step))
            return [float(start + i * step) for i in range(self._steps() + 1)]
        import numpy as np

        spaced = np.geomspace if self.scale == "log" else np.linspace
        return spaced(self.from_, self.to, self.count or 2).tolist()


class Interval(StrictModel):
    """An interval to draw from."""

    from_: float = Field(alias="from", description="lower end")
    to: float = Field(description="upper end")
    scale: Literal["linear", "log"] = Field("linear", description="uniform in the value or in its logarithm")
    whole: bool = Field(False, description="whole numbers only, both ends included")

    @model_validator(mode="after")
    def _check(self) -> Interval:
        if self.to <= self.from_:
            raise ValueError(f"'to' ({self.to}) must be above 'from' ({self.from_})")
        if self.scale == "log" and self.from_ <= 0:
            raise ValueError("a log scale needs positive ends")
        if self.whole and not (self.from_.is_integer() and self.to.is_integer()):
            raise ValueError("with 'whole', both ends must be whole numbers")
        _check_distance(self.from_, self.to)
        return self

    def spread(self, unit: Any) -> list[float] | list[int]:
        """Map numbers in [0, 1) into the interval; whole numbers get equal shares of it (of its logarithm)."""
        import numpy as np

        low, high = self.from_, self.to + 1 if self.whole else self.to
        log = self.scale == "log"
        first, last = (np.log(low), np.log(high)) if log else (low, high)
        values = first + (last - first) * unit
        values = np.exp(values) if log else values
        values = np.clip(np.floor(values) if self.whole else values, self.from_, self.to)  # rounding may step outside
        return [int(value) for value in values] if self.whole else values.tolist()


def _check_distance(low: float, high: float) -> None:
    if not math.isfinite(high - low):
        raise ValueError(f"'from' ({low}) and 'to' ({high}) lie too far apart")

"""Measures: numbers with their uncertainty, what they were measured on, and what they have to beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, fields
from typing import Any, Literal, Self

from labrun.amounts import shown, with_interval

__all__ = ["Interval", "Measure"]


@dataclass(frozen=True)
class Interval:
    """A confidence interval: its ends in the unit of the measure, its confidence (0.95 for 95 %), and the method, in a few words."""

    low: float
    high: float
    confidence: float = 0.95
    method: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Measure(float):
    """A number that an analysis found, with what belongs beside it. It is a float, and calculates and compares like one.

        Measure(0.978, name="accuracy", interval=Interval(0.967, 0.988, 0.95, "jackknife"), model="cnn", dataset="test", better="higher",
                baseline=0.86, key=True, n=40, units="members")

    `n` and `units` are the number of independent units that it was measured on, and their name. `baseline` is what it has to beat,
    `ceiling` the best that is possible; either may be a measure itself, whose `model` is its name. `key` marks the key results of an
    analysis, which the terminal and the report show first.
    """

    value: float
    _: KW_ONLY
    name: str = ""
    """The quantity, without model and dataset: `accuracy`"""
    interval: Interval | None = None
    unit: str = ""
    model: str = ""
    dataset: str = ""
    better: Literal["higher", "lower"] | None = None
    baseline: float | None = None
    ceiling: float | None = None
    key: bool = False
    n: int | None = None
    units: str = ""

    def __new__(cls, value: float, **_: Any) -> Self:
        return super().__new__(cls, value)

    def __str__(self) -> str:
        """`0.978 [0.967, 0.988] mK over 40 members`: value and interval, rounded by its width, with the unit."""
        ends = self.interval
        text = shown(self.value) if ends is None else with_interval(self.value, ends.low, ends.high)
        unit = f" {self.unit}" if self.unit else ""
        over = f" over {self.n:,} {self.units}" if self.n is not None and self.units else ""
        return f"{text}{unit}{over}"

    def __repr__(self) -> str:
        return f"<Measure {self.name}: {self}>" if self.name else f"<Measure {self}>"

    def record(self) -> dict[str, Any]:
        """Return the measure as JSON holds it: what is not given is left out."""
        found = {
            field.name: value for field in fields(self) if (value := getattr(self, field.name)) not in (None, "", False)
        }
        found["value"] = self.value
        if self.interval is not None:
            found["interval"] = vars(self.interval)
        for name in ("baseline", "ceiling"):
            bound = getattr(self, name)
            if bound is not None:
                found[name] = bound.record() if isinstance(bound, Measure) else float(bound)
        return found

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Measure:
        """Read what `record` returned."""
        values = dict(record)
        if "interval" in values:
            values["interval"] = Interval(**values["interval"])
        for name in ("baseline", "ceiling"):
            if isinstance(values.get(name), Mapping):
                values[name] = cls.from_record(values[name])
        return cls(values.pop("value"), **values)

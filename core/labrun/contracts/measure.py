"""Measures: numbers with their uncertainty, what they were measured on, and what they have to beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, fields
from typing import Any, Literal, Self

from labrun.amounts import shown, with_interval

__all__ = ["SIGNIFICANT", "Comparison", "Interval", "Judged", "Measure", "p_in_words"]

SIGNIFICANT = 0.05
"""Below this p, a difference is said to be one."""


@dataclass(frozen=True)
class Interval:
    """A confidence interval: its ends in the unit of the measure, its confidence (0.95 for 95 %), and the method, in a few words."""

    low: float
    high: float
    confidence: float = 0.95
    method: str = ""


@dataclass(frozen=True)
class Judged:
    """How a measure varies over the units that it was measured on, so that others on the same units can be compared with it.

    `labrun.kit.comparison` makes and compares them.
    """

    units: str
    """Digest of the units and of their examples: measures with equal ones are paired"""
    deviations: tuple[float, ...]
    """By how much the measure changes without each block of units (`labrun.kit.spread.Spread`)"""
    of_seeds: float = 0.0
    """Variance of the mean over seeds beyond that"""
    seeds_freedom: float | None = None
    """Degrees of freedom of `of_seeds`"""


@dataclass(frozen=True)
class Comparison:
    """By how much a measure differs from its baseline on the same units: measure − baseline, with the ends of its interval."""

    difference: float
    low: float
    high: float
    p: float
    """Of a paired permutation test, corrected for the number of comparisons (Holm)"""
    confidence: float = 0.95
    among: int = 1
    """How many comparisons it was corrected for"""

    @property
    def is_significant(self) -> bool:
        """Whether the difference is more than chance explains."""
        return self.p < SIGNIFICANT

    def __str__(self) -> str:
        """`+0.021 [0.008, 0.034], p = 0.004`."""
        ends = with_interval(self.difference, self.low, self.high)
        return f"{'' if self.difference < 0 else '+'}{ends}, {p_in_words(self.p)}"


def p_in_words(p: float) -> str:
    """Return `p = 0.004`, with two digits, `p < 0.001`, or `p = 1`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


@dataclass(frozen=True, eq=False, repr=False)
class Measure(float):
    """A number that an analysis found, with what belongs beside it. It is a float, and calculates and compares like one.

        Measure(0.978, name="accuracy", interval=Interval(0.967, 0.988, 0.95, "jackknife"), model="cnn", dataset="test", better="higher",
                baseline=0.86, key=True, n=40, units="members")

    `n` and `units` are the number of independent units that it was measured on, and their name. `baseline` is what it has to beat,
    `ceiling` the best that is possible; either may be a measure itself, whose `model` is its name. `comparison` is that with the baseline,
    if both were measured on the same units, and `judged` what it takes to compare it with others. `key` marks the key results of an
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
    comparison: Comparison | None = None
    judged: Judged | None = None

    def __new__(cls, value: float, **_: Any) -> Self:
        return super().__new__(cls, value)

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", float(self.value))

    def __str__(self) -> str:
        """`0.978 [0.967, 0.988] mK over 40 members`: value and interval, rounded by its width, with the unit."""
        ends = self.interval
        text = shown(self.value) if ends is None else with_interval(self.value, ends.low, ends.high)
        unit = f" {self.unit}" if self.unit else ""
        over = f" over {self.n:,} {self.units}" if self.n is not None and self.units else ""
        return f"{text}{unit}{over}"

    @property
    def verdict(self) -> str:
        """`better` or `worse` than the baseline, where a test shows it; `not distinguishable` where none does; else empty."""
        if self.comparison is None or self.better is None:
            return ""
        if not self.comparison.is_significant:
            return "not distinguishable"
        return "better" if (self.comparison.difference > 0) == (self.better == "higher") else "worse"

    @property
    def sentence(self) -> str:
        """What the comparison with the baseline says: `cnn beats trees in accuracy by 0.021 [0.008, 0.034] (40 members, p = 0.004).`

        Empty without a comparison.
        """
        if not self.verdict or self.comparison is None:
            return ""
        it = self.comparison
        other = (self.baseline.model if isinstance(self.baseline, Measure) else "") or "the baseline"
        over = f"{self.n:,} {self.units}, " if self.n is not None and self.units else ""
        test = f"({over}{p_in_words(it.p)})"
        if self.verdict == "not distinguishable":
            ends = with_interval(it.difference, it.low, it.high)
            return f"{self.model} and {other} are not distinguishable in {self.name}: they differ by {ends} {test}."
        first, second = (self.model, other) if self.verdict == "better" else (other, self.model)
        size = with_interval(
            abs(it.difference), *sorted((it.low, it.high) if it.difference > 0 else (-it.high, -it.low))
        )
        return f"{first} beats {second} in {self.name} by {size} {test}."

    def beside_baseline(self) -> str:
        """Return `better than trees 0.91 (+0.021 [0.008, 0.034], p = 0.004)`; without a test, `baseline trees 0.91`; else nothing."""
        if self.baseline is None:
            return ""
        name = self.baseline.model if isinstance(self.baseline, Measure) and self.baseline.model else ""
        value = shown(float(self.baseline))
        if not self.verdict:
            return f"baseline {name} {value}" if name else f"baseline {value}"
        words = "not distinguishable from" if self.verdict == "not distinguishable" else f"{self.verdict} than"
        return f"{words} {name or 'the baseline'} {value} ({self.comparison})"

    def __repr__(self) -> str:
        return f"<Measure {self.name}: {self}>" if self.name else f"<Measure {self}>"

    def record(self) -> dict[str, Any]:
        """Return the measure as JSON holds it: what is not given is left out."""
        found = {
            field.name: value for field in fields(self) if (value := getattr(self, field.name)) not in (None, "", False)
        }
        found["value"] = self.value
        for name in ("interval", "comparison", "judged"):
            part = getattr(self, name)
            if part is not None:
                found[name] = {field: value for field, value in vars(part).items() if value is not None}
        for name in ("baseline", "ceiling"):
            bound = getattr(self, name)
            if bound is not None:
                found[name] = bound.record() if isinstance(bound, Measure) else float(bound)
        return found

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Measure:
        """Read what `record` returned."""
        values = dict(record)
        for name, kind in (("interval", Interval), ("comparison", Comparison)):
            if name in values:
                values[name] = kind(**values[name])
        if "judged" in values:
            judged = values["judged"]
            values["judged"] = Judged(**judged | {"deviations": tuple(judged["deviations"])})
        for name in ("baseline", "ceiling"):
            if isinstance(values.get(name), Mapping):
                values[name] = cls.from_record(values[name])
        return cls(values.pop("value"), **values)

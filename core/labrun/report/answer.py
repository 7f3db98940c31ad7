"""The answer of a run: its key results, grouped by what was measured, on scales beside what they have to beat."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from labrun.contracts.measure import Measure
from labrun.records.key_results import key_measures
from labrun.report.content import StageContent
from labrun.report.dots import Bound, Scale, bounds_of, scale_of
from labrun.report.measure_table import value_text

__all__ = ["Group", "Line", "group_lines", "key_groups"]

DIRECTIONS = {"higher": "higher is better", "lower": "lower is better", None: ""}


@dataclass(frozen=True)
class Line:
    """One number of a group: a `result` of a stage, the `baseline` that others have to beat, or the `ceiling`."""

    kind: str
    label: str
    stage: str
    measure: Measure

    decimals: int | None = None
    """Decimals of a number without an interval; None for four digits"""

    @property
    def value(self) -> str:
        """The number, rounded by its interval."""
        if self.measure.interval is None and self.decimals is not None:
            return f"{self.measure.value:.{self.decimals}f}"
        return value_text(self.measure)[0]

    @property
    def ends(self) -> str:
        """The interval in brackets; empty if there is none."""
        return value_text(self.measure)[1]


@dataclass(frozen=True)
class Group:
    """Numbers of one quantity on one dataset, and the scale on which they are drawn; None if they are one number."""

    quantity: str
    note: str
    """Dataset, unit, direction and number of units, as far as all lines share them"""
    lines: list[Line]
    bounds: list[Bound]
    """Baselines and ceilings, drawn across all lines; those with a name are lines too."""
    scale: Scale | None

    @property
    def is_key(self) -> bool:
        """Whether it holds a measure that an analysis calls a key result."""
        return any(line.measure.key for line in self.lines)

    @property
    def height(self) -> int:
        """Rows of the page that it takes."""
        return len(self.lines) + 1 + (self.scale is not None)


def key_groups(stages: Iterable[StageContent]) -> list[Group]:
    """Group the key results of finished analyses, in their order; numbers that no plugin calls a key result come last."""
    lines = [
        (name, Line("result", measure.model or stage.name, stage.id, measure))
        for stage in stages
        if stage.is_done
        for name, measure in key_measures(stage.measures).items()
    ]
    return sorted(group_lines(lines), key=lambda group: not group.is_key)


def group_lines(lines: Iterable[tuple[str, Line]]) -> list[Group]:
    """Group lines, each with the name of its metric, by quantity, unit and dataset."""
    groups: dict[tuple[str, str, str], list[Line]] = {}
    for name, line in lines:
        measure = line.measure
        groups.setdefault((measure.name or name, measure.unit, measure.dataset), []).append(line)
    return [_group(quantity, found) for (quantity, _, _), found in groups.items()]


def _group(quantity: str, lines: list[Line]) -> Group:
    measures = [line.measure for line in lines]
    bounds = bounds_of(measures)
    decimals = _decimals(lines)
    named = [
        Line(one.kind, one.name or one.kind, "", one.measure, decimals)
        for one in bounds
        if one.name or one.kind == "baseline"
    ]
    first = measures[0]
    over = {f"{one.n:,} {one.units}" for one in measures if one.n is not None and one.units}
    notes = [
        f"on {first.dataset}" if first.dataset else "",
        f"in {first.unit}" if first.unit else "",
        DIRECTIONS[first.better],
        f"over {over.pop()}" if len(over) == 1 else "",
    ]
    scale = scale_of([*measures, *(one.measure for one in bounds)])
    return Group(quantity, ", ".join(note for note in notes if note), [*lines, *named], bounds, scale)


def _decimals(lines: list[Line]) -> int | None:
    """The most decimals of numbers with an interval, beside which others are written."""
    return max((len(line.value.partition(".")[2]) for line in lines if line.measure.interval), default=None)

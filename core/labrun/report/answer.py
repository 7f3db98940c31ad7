"""The answer of a run: its key results, grouped by what was measured, on scales beside what they have to beat."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from labrun.contracts.measure import Measure
from labrun.records.key_results import key_measures
from labrun.report.content import StageContent
from labrun.report.dots import Bound, Scale, bounds_of, scale_of
from labrun.report.measure_table import value_text

__all__ = ["Group", "Line", "group_lines", "key_groups"]

DIRECTIONS = {"higher": "higher is better", "lower": "lower is better", None: ""}


@dataclass(frozen=True)
class Line:
    """One number of a group: a `result`, the `baseline` that others have to beat, or the `ceiling`. `stage` is the one that found it;
    empty for a bound that no stage reports by itself."""

    kind: str
    label: str
    stage: str
    measure: Measure
    dataset: str = ""
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

    @property
    def bounds(self) -> list[Bound]:
        """The baseline and the ceiling of this number."""
        return bounds_of([self.measure])


@dataclass(frozen=True)
class Group:
    """Numbers of one quantity, those of one dataset together, and the scale on which they are drawn; None if they are one number."""

    quantity: str
    note: str
    """Dataset, unit, direction and number of units, as far as all lines share them"""
    lines: list[Line]
    scale: Scale | None

    @property
    def is_key(self) -> bool:
        """Whether it holds a measure that an analysis calls a key result."""
        return any(line.measure.key for line in self.lines)

    @property
    def height(self) -> int:
        """Rows of the page that it takes."""
        return len(self.lines) + self.frame

    @property
    def frame(self) -> int:
        """Rows of the page beside its lines: the heading, the axis, and the sentences."""
        return 1 + (self.scale is not None) + len(self.sentences)

    @property
    def sentences(self) -> list[str]:
        """What the comparisons of its results with baselines say."""
        found = [(line.dataset, line.measure.sentence) for line in self.lines if line.kind == "result"]
        return [f"On {dataset}, {words}" if dataset else words for dataset, words in found if words]

    def divided(self, count: int) -> tuple[Group, Group]:
        """Return its first `count` lines and the others, on the same scale."""
        return replace(self, lines=self.lines[:count]), replace(self, lines=self.lines[count:])


def key_groups(stages: Iterable[StageContent]) -> list[Group]:
    """Group the key results of finished analyses, in their order; numbers that no plugin calls a key result come last."""
    lines = [
        (name, Line("result", measure.model or stage.name, stage.id, measure, measure.dataset))
        for stage in stages
        if stage.is_done
        for name, measure in key_measures(stage.measures).items()
    ]
    return sorted(group_lines(lines), key=lambda group: not group.is_key)


def group_lines(lines: Iterable[tuple[str, Line]]) -> list[Group]:
    """Group lines, each with the name of its metric, by quantity and unit."""
    groups: dict[tuple[str, str], list[Line]] = {}
    for name, line in lines:
        groups.setdefault((line.measure.name or name, line.measure.unit), []).append(line)
    return [_group(quantity, found) for (quantity, _), found in groups.items()]


def _group(quantity: str, lines: list[Line]) -> Group:
    by_dataset: dict[str, list[Line]] = {}
    for line in _each_once(lines):
        by_dataset.setdefault(line.dataset, []).append(line)
    drawn = [line for found in by_dataset.values() for line in _with_bounds(found)]
    measures = [line.measure for line in lines]
    datasets = {line.dataset for line in drawn}
    if len(datasets) == 1:
        drawn = [replace(line, dataset="") for line in drawn]
    notes = [
        f"on {lines[0].dataset}" if len(datasets) == 1 and lines[0].dataset else "",
        f"in {measures[0].unit}" if measures[0].unit else "",
        DIRECTIONS[measures[0].better],
        _only({f"over {one.n:,} {one.units}" for one in measures if one.n is not None and one.units}),
    ]
    scale = scale_of([*measures, *(bound.measure for bound in bounds_of(measures))])
    return Group(quantity, ", ".join(note for note in notes if note), drawn, scale)


def _each_once(lines: list[Line]) -> list[Line]:
    """Each number once, though several stages report it: as the stage does that knows the lowest ceiling, or the first one."""
    found: dict[tuple[str, str, float], Line] = {}
    for line in lines:
        name = (line.label, line.dataset, line.measure.value)
        known = found.setdefault(name, line)
        if line.measure.better == "higher" and _ceiling(line) < _ceiling(known):
            found[name] = line
    return list(found.values())


def _ceiling(line: Line) -> float:
    return math.inf if line.measure.ceiling is None else line.measure.ceiling


def _with_bounds(lines: list[Line]) -> list[Line]:
    """The lines of one dataset, and below them what they have to beat: unless that is one of them, which then counts as the baseline."""
    decimals = max((len(line.value.partition(".")[2]) for line in lines if line.measure.interval), default=None)
    found, bounds = list(lines), []
    for bound in bounds_of([line.measure for line in lines]):
        alike = [at for at, line in enumerate(lines) if bound.name and line.label == bound.name]
        for at in alike:
            found[at] = replace(found[at], kind=bound.kind)
        if not alike and (bound.name or bound.kind == "baseline"):
            bounds.append(Line(bound.kind, bound.name or bound.kind, "", bound.measure, lines[0].dataset, decimals))
    return found + bounds


def _only(texts: set[str]) -> str:
    return texts.pop() if len(texts) == 1 else ""

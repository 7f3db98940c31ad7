"""Compare the stages of one matrix."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from labrun.contracts.measure import p_in_words
from labrun.kit.comparison import Standing, standings
from labrun.records.key_results import key_measures
from labrun.report.answer import Group, Line, group_lines
from labrun.report.content import StageContent
from labrun.report.matrix_drawing import MatrixDrawing, draw_matrix
from labrun.report.measure_table import as_cell
from labrun.report.tables import Cell, Table

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True)
class Comparison:
    """The stages of a matrix side by side: all of their numbers, and their key results on common scales."""

    id: str
    name: str
    section: str
    table: Table
    groups: list[Group]
    drawings: list[MatrixDrawing]
    sentences: list[str]
    """Which stage is best in each key result, and which are not distinguishable from it"""


def compare(stages: list[StageContent]) -> list[Comparison]:
    """Compare the stages of each matrix that have numbers."""
    bases: dict[tuple[str, str], list[StageContent]] = {}
    for stage in stages:
        if stage.is_done and stage.measures:
            bases.setdefault((stage.section, stage.base), []).append(stage)
    return [
        Comparison(
            f"comparison/{section}.{base}",
            base,
            section,
            _table(found),
            _groups(found),
            draw_matrix(found),
            [*_sentences(found)],
        )
        for (section, base), found in bases.items()
        if len(found) > 1
    ]


def _table(stages: Sequence[StageContent]) -> Table:
    """A row for each stage: its values first, then its numbers with their intervals, key results with how they stand beside the best."""
    axes = list(stages[0].values)
    names = list(dict.fromkeys(name for stage in stages for name in stage.measures))
    with_ends = {name for name in names for s in stages if name in s.measures and s.measures[name].interval}
    compared = {name: found for name in _key_names(stages) if len(found := _standings(stages, name)) > 1}
    header = [axis.split(".")[-1] for axis in axes]
    for name in names:
        header += [name, f"{name}, low", f"{name}, high"] if name in with_ends else [name]
        header += [f"{name}, test"] if name in compared else []
    rows = []
    for stage in stages:
        row = [_cell(stage.values.get(axis)) for axis in axes]
        for name in names:
            row += _number(stage, name, name in with_ends)
            row += [_standing(compared[name].get(stage.id))] if name in compared else []
        rows.append(row)
    return Table("all numbers", header, rows)


def _key_names(stages: Sequence[StageContent]) -> list[str]:
    return list(dict.fromkeys(name for stage in stages for name in key_measures(stage.measures)))


def _standings(stages: Sequence[StageContent], name: str) -> dict[str, Standing]:
    """How the stages with this number stand beside the best, by id; none where no two were measured on the same units."""
    found = standings({stage.id: stage.measures[name] for stage in stages if name in stage.measures})
    return found if any(one.comparison for one in found.values()) else {}


def _standing(one: Standing | None) -> str:
    if one is None or one.comparison is None:
        return one.words if one else ""
    return f"{one.words}, {p_in_words(one.comparison.p)}"


def _sentences(stages: Sequence[StageContent]) -> Iterator[str]:
    labels = {stage.id: _label(stage) for stage in stages}
    for name in _key_names(stages):
        found = _standings(stages, name)
        words: dict[str, list[str]] = {}
        for stage, one in found.items():
            words.setdefault(one.words, []).append(labels[stage])
        if found:
            parts = [f"best with {', '.join(words['best'])}"]
            parts += [f"{what}: {', '.join(words[what])}" for what in (EQUAL, "worse") if what in words]
            yield f"{name}: {'; '.join(parts)}."


EQUAL = "not distinguishable from the best"


def _label(stage: StageContent) -> str:
    return ", ".join(f"{axis.split('.')[-1]} {_cell(value)}" for axis, value in stage.values.items())


def _number(stage: StageContent, name: str, with_ends: bool) -> list[Cell]:
    measure = stage.measures.get(name)
    if measure is None:
        return [None] * (3 if with_ends else 1)
    ends = measure.interval
    return [as_cell(measure.value), *([ends.low if ends else None, ends.high if ends else None] if with_ends else [])]


def _cell(value: Any) -> Cell:
    return value if value is None or isinstance(value, (str, int, float)) else json.dumps(value, default=str)


def _groups(stages: Sequence[StageContent]) -> list[Group]:
    return group_lines(
        (name, Line("result", _label(stage), stage.id, measure, measure.dataset))
        for stage in stages
        for name, measure in key_measures(stage.measures).items()
    )

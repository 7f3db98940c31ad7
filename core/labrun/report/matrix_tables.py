"""Compare the stages of one matrix."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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


def compare(stages: list[StageContent]) -> list[Comparison]:
    """Compare the stages of each matrix that have numbers."""
    bases: dict[tuple[str, str], list[StageContent]] = {}
    for stage in stages:
        if stage.is_done and stage.measures:
            bases.setdefault((stage.section, stage.base), []).append(stage)
    return [
        Comparison(f"comparison/{section}.{base}", base, section, _table(found), _groups(found), draw_matrix(found))
        for (section, base), found in bases.items()
        if len(found) > 1
    ]


def _table(stages: Sequence[StageContent]) -> Table:
    """A row for each stage: its values first, then its numbers with their intervals."""
    axes = list(stages[0].values)
    names = list(dict.fromkeys(name for stage in stages for name in stage.measures))
    with_ends = {name for name in names for s in stages if name in s.measures and s.measures[name].interval}
    header = [axis.split(".")[-1] for axis in axes]
    for name in names:
        header += [name, f"{name}, low", f"{name}, high"] if name in with_ends else [name]
    rows = [
        [_cell(stage.values.get(axis)) for axis in axes]
        + [cell for name in names for cell in _number(stage, name, name in with_ends)]
        for stage in stages
    ]
    return Table("all numbers", header, rows)


def _number(stage: StageContent, name: str, with_ends: bool) -> list[Cell]:
    measure = stage.measures.get(name)
    if measure is None:
        return [None] * (3 if with_ends else 1)
    ends = measure.interval
    return [as_cell(measure.value), *([ends.low if ends else None, ends.high if ends else None] if with_ends else [])]


def _cell(value: Any) -> Cell:
    return value if value is None or isinstance(value, (str, int, float)) else json.dumps(value, default=str)


def _groups(stages: Sequence[StageContent]) -> list[Group]:
    def label(stage: StageContent) -> str:
        return ", ".join(f"{axis.split('.')[-1]} {_cell(value)}" for axis, value in stage.values.items())

    return group_lines(
        (name, Line("result", label(stage), stage.id, measure))
        for stage in stages
        for name, measure in key_measures(stage.measures).items()
    )

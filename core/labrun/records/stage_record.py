"""The record of a stage in `run.json`, so that its result can be read without its project (`labrun.records.recorded_project`)."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from labrun.project.stage import SimulationStage, Stage

__all__ = ["stage_record"]


@singledispatch
def stage_record(stage: Stage) -> dict[str, Any]:
    """Return the name of the stage before its matrix was laid out, its values in the matrix (as pairs, since JSON sorts mappings), and
    what a reader must know of it."""
    return _common(stage)


@stage_record.register
def _(stage: SimulationStage) -> dict[str, Any]:
    """Also how its `members.csv` is read: the columns that hold text alone, and those that members with equal random numbers share."""
    columns = stage.table.columns
    texts = [name for name, values in columns.items() if all(isinstance(value, str) for value in values)]
    table = {"texts": texts, "seed_by": stage.table.seed_by, "outputs": dict(stage.plugin.outputs)}
    return _common(stage) | table


def _common(stage: Stage) -> dict[str, Any]:
    return {"base": stage.base, "values": list(stage.values.items()), "remarks": list(stage.remarks)}

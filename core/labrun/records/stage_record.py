"""The record of a stage in `run.json`, so that its result can be read without its project (`labrun.records.recorded_project`)."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from labrun.files.guarded import GuardedPath
from labrun.project.stage import SimulationStage, Stage

__all__ = ["stage_record"]


@singledispatch
def stage_record(stage: Stage, folder: GuardedPath) -> dict[str, Any]:
    """Return the name of the stage before its matrix was laid out, its values in the matrix (as pairs, since JSON sorts mappings), and
    what a reader must know of it. `folder` is that of its result."""
    return _common(stage)


@stage_record.register
def _(stage: SimulationStage, folder: GuardedPath) -> dict[str, Any]:
    """Also how its `members.csv` is read: the columns that hold text alone, and those that members with equal random numbers share; and the
    members of each round."""
    made = stage.as_made(folder)
    columns = made.table.columns
    texts = [name for name, values in columns.items() if all(isinstance(value, str) for value in values)]
    outputs = dict(stage.plugin.declared_outputs())
    table: dict[str, Any] = {"texts": texts, "seed_by": made.table.seed_by, "outputs": outputs}
    table |= {"rounds": list(made.rounds)} if made.rounds else {}
    return _common(stage) | table


def _common(stage: Stage) -> dict[str, Any]:
    return {"base": stage.base, "values": list(stage.values.items()), "remarks": list(stage.remarks)}

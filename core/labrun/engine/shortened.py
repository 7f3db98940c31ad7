"""A project with a few members of each simulation, to make some examples of a dataset before its simulations have run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import singledispatch
from pathlib import Path
from typing import TypeVar

import pluggy

from labrun.contracts import hookspecs
from labrun.engine.delivery import simulate_part
from labrun.engine.making import make
from labrun.engine.observers import Observers
from labrun.engine.simulation import Simulation
from labrun.engine.stage_work import StageWork
from labrun.engine.timekeeper import Timekeeper
from labrun.faults import LabrunError
from labrun.planning.plan import Plan, Planned, make_plan
from labrun.planning.results import Results
from labrun.project.load import Project, Ref, Stage
from labrun.project.stage import DatasetStage, FittedModelStage, SimulationStage
from labrun.store.parts import part_name
from labrun.workers.interruption import Interruption
from labrun.workers.pool import Pool

__all__ = ["make_shortened", "whole", "without_parts"]

Choose = Callable[[SimulationStage], list[int]]
"""Chooses members of a simulation."""
StageT = TypeVar("StageT", bound=Stage)


def make_shortened(project: Project, wanted: list[str], choose: Choose, store: Path) -> Results:
    """Make these stages and what they need with a few members: datasets are whole, upstream trainings have one epoch.

    Raises:
        LabrunError: a member failed, or a stage cannot be made of so few members.
        Exception: whatever a plugin raises.
    """
    stages = {identifier: _shorten(stage, choose) for identifier, stage in project.stages.items()}
    plan = make_plan(replace(project, stages=stages), store, wanted)
    results = Results(plan)
    for planned in plan.stages.values():
        if isinstance(planned.stage, SimulationStage):
            _simulate(plan, planned, planned.stage)
        else:
            make(planned.stage, _work(plan, planned, results))
    return results


def whole(ref: Ref) -> Ref:
    """Return the dataset of which a reference names a part."""
    return replace(ref, part=None)


def without_parts(stage: StageT) -> StageT:
    """Return a stage whose inputs are whole datasets: of a few members there may be too few examples for all parts."""
    inputs = {
        name: [whole(ref) for ref in found] if isinstance(found, list) else whole(found)
        for name, found in stage.inputs.items()
    }
    return replace(stage, inputs=inputs)


@singledispatch
def _shorten(stage: Stage, choose: Choose) -> Stage:
    return without_parts(stage)


@_shorten.register
def _(stage: SimulationStage, choose: Choose) -> Stage:
    members, table = choose(stage), stage.table
    parameters, labels = (
        {name: [values[member] for member in members] for name, values in columns.items()}
        for columns in (table.parameters, table.labels)
    )
    return replace(
        stage, table=replace(table, parameters=parameters, labels=labels, size=len(members), row_of=members), rounds=()
    )


@_shorten.register
def _(stage: DatasetStage, choose: Choose) -> Stage:
    return replace(without_parts(stage), split=None)


@_shorten.register
def _(stage: FittedModelStage, choose: Choose) -> Stage:
    validation = whole(stage.validation) if stage.validation else None
    fit = stage.fit.model_copy(update={"epochs": 1})
    return replace(without_parts(stage), fit=fit, train=whole(stage.train), validation=validation)


def _simulate(plan: Plan, planned: Planned, stage: SimulationStage) -> None:
    simulation = Simulation.of(plan, stage)
    sealed = {}
    for number in range(len(simulation.parts)):
        receipt = simulate_part(simulation.task(number))
        if receipt.failures:
            raise LabrunError(f"member {receipt.failures[0].member} failed: {receipt.failures[0].error}")
        sealed[f"parts/{part_name(number)}"] = receipt.sha256
    folder = simulation.folder.parent.path
    plan.store.seal(
        folder, planned.section, planned.key, planned.id, planned.inputs, 0.0, sealed, failed=[], failures=[]
    )


def _work(plan: Plan, planned: Planned, results: Results) -> StageWork:
    """Return the work on a stage that nobody watches."""
    manager = pluggy.PluginManager("labrun")
    manager.add_hookspecs(hookspecs)
    silent = Observers(manager, lambda text: None)
    interruption = Interruption(0.0, lambda text: None)
    return StageWork(plan, planned, results, Pool(1), silent, interruption, Timekeeper(plan, 1))

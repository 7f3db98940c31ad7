"""Estimate how long a training takes, by some steps of it in a process of its own.

Where its dataset is not there yet, a few members of each simulation behind it are simulated, and the examples made of them are repeated:
the numbers differ from those of the training, but the arrays have its shapes.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labrun.engine.bounded import in_worker
from labrun.engine.costs import spread_members
from labrun.engine.shortened import make_shortened, whole, without_parts
from labrun.faults import LabrunError
from labrun.learning.steps import StepTimes, time_steps
from labrun.planning.costs import known_cost
from labrun.planning.experience import Experience, amount_of_work, members_of
from labrun.planning.plan import Plan, make_plan
from labrun.planning.results import Results
from labrun.project.load import Ref, make_project
from labrun.project.stage import FittedModelStage, SimulationStage
from labrun.project.yaml12 import Document
from labrun.registry.error_origin import error_origin

__all__ = ["Rehearsed", "rehearse"]

FEW = 4
"""Members of each simulation that examples are made of, where the dataset is not there yet."""
LONG = 8.0
"""Seconds that simulating them may take, as far as the cost of a member is known."""


@dataclass(frozen=True)
class Rehearsed:
    """The times of a training, and the number of steps in its epochs."""

    times: StepTimes
    steps: int
    validation_steps: int
    members: int
    """Members of each simulation that the examples were made of; 0 if they are those of its dataset."""

    @property
    def epoch(self) -> float:
        """The time of an epoch [s]."""
        return self.times.epoch(self.steps, self.validation_steps)

    def seconds(self, epochs: int) -> float:
        """Return the time of the training in a process that has loaded Keras [s]."""
        return self.times.build + self.times.compile + epochs * self.epoch + self.times.finish


@dataclass(frozen=True)
class _Task:
    document: Document
    path: Path
    store: Path
    stage: str
    seconds: dict[str, float]
    """The known cost of a member, by simulation."""


def rehearse(plan: Plan, stage: FittedModelStage, experience: Experience, *, is_first: bool) -> Rehearsed:
    """Train a few steps, and remember what the training takes; the first of a run loads Keras.

    Raises:
        LabrunError: that failed, or took too long.
    """
    planned, project, epochs = plan.stages[stage.id], plan.project, stage.fit.epochs
    costs = {one.id: cost.seconds for one in plan.stages.values() if (cost := known_cost(one))}
    task = _Task(project.document, project.path, plan.store.root, stage.id, costs)
    found = in_worker(f"{stage.id}: its first steps", _rehearse, task)
    if not isinstance(found, Rehearsed):
        raise LabrunError(f"{stage.id}: {found}")
    work = amount_of_work(plan, planned, 1)
    seconds = found.seconds(epochs) + (found.times.load if is_first else 0.0)
    experience.remember(planned, work, seconds, epochs * found.epoch / work)
    return found


def _rehearse(task: _Task) -> Rehearsed | str:
    """Train a few steps; return what went wrong as text. Runs in a worker."""
    try:
        return _rehearsed(task)
    except LabrunError as error:
        return str(error)
    except (Exception, SystemExit) as error:  # a plugin may raise anything
        return error_origin("labrun", error)


def _rehearsed(task: _Task) -> Rehearsed:
    project = make_project(task.document, task.path)
    plan = make_plan(project, task.store)
    stage = project.stages[task.stage]
    assert isinstance(stage, FittedModelStage)
    refs = [ref for ref in stage.refs() if ref is not stage.validation]
    if all(plan.manifest(plan.stages[ref.id]) for ref in refs):
        results = Results(plan)
        return _timed(stage, plan, results, stage.train, results.inputs(stage), 0)

    def choose(simulation: SimulationStage) -> list[int]:
        affordable = int(LONG / task.seconds.get(simulation.id, LONG / FEW))
        return sorted(spread_members(simulation.table.size)[: max(1, min(FEW, affordable))])

    with tempfile.TemporaryDirectory() as folder:
        results = make_shortened(project, [ref.id for ref in refs], choose, Path(folder))
        inputs = results.inputs(without_parts(stage))
        return _timed(stage, plan, results, whole(stage.train), inputs, FEW)


def _timed(
    stage: FittedModelStage, plan: Plan, results: Results, data: Ref, inputs: dict[str, Any], members: int
) -> Rehearsed:
    """Time the steps of a training on the examples `data` among `results`; `plan` may have more of them."""
    examples = results.get(data)
    each = len(examples) / members_of(results.plan, data)
    counts = [round(each * members_of(plan, ref)) if ref else 0 for ref in (stage.train, stage.validation)]
    times = time_steps(stage.plugin, stage.fit, examples, (max(1, counts[0]), counts[1]), inputs)
    steps, validation_steps = (-(-count // stage.fit.batch_size) for count in counts)
    return Rehearsed(times, max(1, steps), validation_steps, members)

"""Estimate what a simulation costs, by simulating some of its members in a process of its own."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from time import perf_counter

from labrun.amounts import bytes_in_words
from labrun.engine.bounded import in_worker
from labrun.engine.delivery import simulate_part
from labrun.engine.part_task import PartTask
from labrun.engine.simulation import Simulation
from labrun.faults import LabrunError
from labrun.files.disk_space import free_space
from labrun.files.guarded import GuardedPath
from labrun.planning.costs import Cost, known_cost, members_left, remember_cost
from labrun.planning.plan import Plan
from labrun.project.stage import SimulationStage
from labrun.workers.memory import peak_memory

__all__ = ["measured_cost", "require_disk", "spread_members"]

MEMBERS = 8
"""Members that are simulated, spread over the sweep: where density and rate vary, the one in the middle can be three times too slow."""


def spread_members(size: int) -> list[int]:
    """Choose members all over a sweep. Steps of the golden ratio meet no period of a grid."""
    golden = (math.sqrt(5) - 1) / 2
    chosen = [int(size * ((i + 0.5) * golden % 1)) for i in range(MEMBERS)]
    return list(dict.fromkeys(chosen)) if size > MEMBERS else list(range(size))


def measured_cost(plan: Plan, stage: SimulationStage, enough: float) -> Cost:
    """Simulate some members of a sweep, each twice, and remember what they cost. After `enough` seconds no further member is begun.

    Raises:
        LabrunError: a member failed, killed the process, or took too long.
    """
    planned = plan.stages[stage.id]
    tasks = _tasks(Simulation.of(plan, stage), spread_members(stage.table.size))
    members = ", ".join(str(task.members[0]) for task in tasks)
    which = f"member {members}" if len(tasks) == 1 else f"one of the members {members}"
    first = f"{'first: ' if len(tasks) > 1 else ''}{tasks[0].rows[0]}"
    begun = perf_counter()
    found = in_worker(f"{planned.id}: {which} ({first})", _measure, (tasks, enough))
    if isinstance(found, str):
        raise LabrunError(f"{planned.id}: {found}")
    cost = _cost(found, perf_counter() - begun)
    remember_cost(planned, cost)
    return cost


@dataclass(frozen=True)
class _Measured:
    """The times of each member [s], and what they left."""

    times: list[list[float]]
    sizes: list[int]
    memory: int
    warm: float
    """Seconds that all but the first call took."""


def _cost(found: _Measured, wall: float) -> Cost:
    means = [fmean(times) for times in found.times]
    mean = fmean(means)
    error = stdev(means) / math.sqrt(len(means)) if len(means) > 1 else 0.0
    rounds = [fmean(times[i] for times in found.times if i < len(times)) for i in range(len(found.times[0]))]
    low, high = min(mean - 2 * error, *rounds, mean), max(mean + 2 * error, *rounds, mean)
    startup = max(0.0, wall - found.warm - means[0])
    return Cost(
        mean,
        max(low, min(means)),
        min(high, max(map(max, found.times))),
        startup,
        round(fmean(found.sizes)),
        found.memory,
    )


def _tasks(simulation: Simulation, members: Sequence[int]) -> list[PartTask]:
    """A task for each of these members alone."""
    part_of = {member: number for number, part in enumerate(simulation.parts) for member in part}
    tasks = []
    for member in members:
        task = simulation.task(part_of[member])
        i = task.members.index(member)
        tasks.append(replace(task, members=[member], rows=[task.rows[i]], draws=[task.draws[i]]))
    return tasks


def _measure(given: tuple[list[PartTask], float]) -> _Measured | str:
    """Simulate the member of each task twice, until enough seconds have passed; return what went wrong as text. Runs in a worker.

    The first call, which imports and compiles, does not count, unless it is the only one.
    """
    tasks, enough = given
    times: list[list[float]] = [[] for _ in tasks]
    sizes: dict[int, int] = {}
    with tempfile.TemporaryDirectory() as folder:

        def simulate(i: int) -> float | str:
            begun = perf_counter()
            receipt = simulate_part(replace(tasks[i], folder=GuardedPath(Path(folder))))
            if receipt.failures:
                return f"member {tasks[i].members[0]} failed: {receipt.failures[0].error}"
            sizes[i] = receipt.size
            return perf_counter() - begun

        first = simulate(0)
        if isinstance(first, str):
            return first
        begun = perf_counter()
        for i in [*range(len(tasks))] * 2:
            if first + perf_counter() - begun > enough:
                break
            seconds = simulate(i)
            if isinstance(seconds, str):
                return seconds
            times[i].append(seconds)
        warm = perf_counter() - begun
    counted = [one for one in times if one] or [[first]]
    return _Measured(counted, list(sizes.values()), peak_memory(), warm)


def require_disk(plan: Plan) -> None:
    """Refuse to begin simulations that the disk of the store cannot hold, as far as their cost is known.

    Raises:
        LabrunError: it cannot hold them.
    """
    needed = {p.id: cost.disk * members_left(plan, p) for p in plan.stages.values() if (cost := known_cost(p))}
    free = free_space(plan.store.root)
    if sum(needed.values()) > free:
        listed = ", ".join(f"{identifier} ({bytes_in_words(size)})" for identifier, size in needed.items() if size)
        raise LabrunError(
            f"the disk cannot hold what this project simulates: {listed}, but {bytes_in_words(free)} are free where "
            f"{plan.store.root} lies. Make room, choose a folder on another disk by --runs, or simulate fewer members"
        )

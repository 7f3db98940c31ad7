"""What the members of a simulation cost, found by simulating one of them in a process of its own."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from labrun.amounts import bytes_in_words
from labrun.engine.delivery import PartTask, simulate_part
from labrun.engine.simulation import Simulation
from labrun.faults import LabrunError
from labrun.files.cache import read_cached, write_cached
from labrun.files.disk_space import free_space
from labrun.planning.plan import Plan, Planned
from labrun.planning.progress import progress_of
from labrun.project.stage import SimulationStage
from labrun.workers.dispatch import TaskKillsWorker, dispatch
from labrun.workers.memory import peak_memory
from labrun.workers.pool import Pool

__all__ = ["Cost", "known_cost", "measured_cost", "members_left", "require_disk"]

ONCE_FROM = 30.0
"""Seconds of a member from which on it is not simulated a second time, when compilers and what members share are ready."""


@dataclass(frozen=True)
class Cost:
    """What one member takes."""

    seconds: float
    disk: int
    """Bytes in the store."""
    memory: int
    """The most bytes that the worker had."""


def known_cost(planned: Planned) -> Cost | None:
    """The cost of a member that was measured before on this machine."""
    found = read_cached("costs", planned.key)
    return Cost(**found) if set(found) == {"seconds", "disk", "memory"} else None


def measured_cost(plan: Plan, stage: SimulationStage) -> Cost:
    """Simulate the member in the middle of the sweep; what it costs is remembered.

    Raises:
        LabrunError: it failed, or killed its process.
    """
    planned = plan.stages[stage.id]
    simulation = Simulation.of(plan, stage)
    task = simulation.task(len(simulation.parts) // 2)
    one = replace(task, members=task.members[:1], rows=task.rows[:1], draws=task.draws[:1])
    worker = Pool(1, chances=1)
    try:
        ((_, found),) = dispatch(worker, _measure, [(0, one)])
    except TaskKillsWorker as error:
        raise LabrunError(f"{planned.id}: member {one.members[0]} killed its process ({one.rows[0]})") from error
    finally:
        worker.stop(at_once=True)
    if isinstance(found, str):
        raise LabrunError(f"{planned.id}: member {one.members[0]} failed: {found}")
    write_cached("costs", planned.key, asdict(found))
    return found


def members_left(plan: Plan, planned: Planned) -> int:
    """How many members of a simulation are still to be made; 0 for other stages."""
    if not isinstance(planned.stage, SimulationStage):
        return 0
    progress = progress_of(plan, planned)
    return planned.stage.table.size * (progress.total - progress.done) // progress.total


def require_disk(plan: Plan) -> None:
    """Refuse to begin simulations, as far as their cost is known, that the disk of the store cannot hold.

    Raises:
        LabrunError: it cannot.
    """
    needed = {p.id: cost.disk * members_left(plan, p) for p in plan.stages.values() if (cost := known_cost(p))}
    free = free_space(plan.store.root)
    if sum(needed.values()) > free:
        told = ", ".join(f"{identifier} ({bytes_in_words(size)})" for identifier, size in needed.items() if size)
        raise LabrunError(
            f"the disk cannot hold what this project simulates: {told}, but {bytes_in_words(free)} are free where "
            f"{plan.store.root} lies. Make room, choose a folder on another disk by --runs, or simulate fewer members"
        )


def _measure(task: PartTask) -> Cost | str:
    """Simulate the member of a task, twice if that does not take long; what went wrong comes back as text. Runs in a worker."""
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            begun = time.perf_counter()
            receipt = simulate_part(replace(task, folder=Path(folder)))
            seconds = time.perf_counter() - begun
            if receipt.failures:
                return receipt.failures[0].error
            if seconds > ONCE_FROM:
                break
    return Cost(seconds, receipt.size, peak_memory())

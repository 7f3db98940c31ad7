"""The cost of simulations, where it was measured on this machine, and the time that a stage is expected to take."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

from labrun.contracts.estimate import Estimate
from labrun.files.cache import read_cached, write_cached
from labrun.planning.experience import Experience, amount_of_work
from labrun.planning.plan import Plan, Planned
from labrun.planning.progress import progress_of
from labrun.project.stage import SimulationStage

__all__ = ["Cost", "expected_time", "known_cost", "members_left", "remember_cost"]


@dataclass(frozen=True)
class Cost:
    """Resources of one member on average, and of a worker before its first."""

    seconds: float
    low: float
    high: float
    """The range of the mean over the sweep [s]: two standard errors to each side."""
    startup: float
    """Seconds to start a worker, import the simulator and compile its kernels."""
    disk: int
    """Bytes in the store."""
    memory: int
    """Peak memory of the worker [bytes]."""

    def of_members(self, members: int, workers: int) -> Estimate:
        """Estimate how long `workers` take for so many members."""
        rounds = members / min(workers, members)
        low, mean, high = (self.startup + rounds * each for each in (self.low, self.seconds, self.high))
        return Estimate(mean, low, high)


def known_cost(planned: Planned) -> Cost | None:
    """Return the cost of a member that was measured before on this machine."""
    found = read_cached("costs", planned.key)
    return Cost(**found) if set(found) == {field.name for field in fields(Cost)} else None


def remember_cost(planned: Planned, cost: Cost) -> None:
    """Keep what was measured, for `known_cost`."""
    write_cached("costs", planned.key, asdict(cost))


def members_left(plan: Plan, planned: Planned) -> int:
    """Count the members of a simulation that are still to be made; 0 for other stages."""
    if not isinstance(planned.stage, SimulationStage):
        return 0
    progress = progress_of(plan, planned)
    return planned.stage.most_members * (progress.total - progress.done) // progress.total


def expected_time(plan: Plan, planned: Planned, workers: int, experience: Experience) -> Estimate | None:
    """Estimate how long a stage that is not done will take: from the measured cost of its members, else from what like stages took. None if
    neither is known."""
    if isinstance(planned.stage, SimulationStage) and (cost := known_cost(planned)):
        members = members_left(plan, planned)
        return cost.of_members(members, workers) if members else Estimate(0.0, 0.0, 0.0)
    progress = progress_of(plan, planned)
    return experience.expect(planned, amount_of_work(plan, planned, workers) * (1 - progress.done / progress.total))

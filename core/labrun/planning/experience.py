"""What stages took on this machine, by their plugin: remembered when a stage ends, to foresee the time of others.

Work is counted in members: those of a simulation for each worker, those that a dataset or an analysis draws on, those that a training
sees in all of its epochs. A stage of the same configuration, with inputs of the same configuration, takes the same time for each. Other
stages of the plugin give an order of magnitude.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from statistics import fmean
from typing import Any

from labrun.contracts.estimate import Estimate
from labrun.files.cache import read_cached, write_cached
from labrun.files.digests import digest_of
from labrun.planning.plan import Plan, Planned
from labrun.project.stage import DatasetStage, FittedModelStage, Ref, SimulationStage, Stage

__all__ = ["Experience", "Taken", "amount_of_work", "members_of"]

KEPT = 20
"""Stages of a plugin that are remembered: the last ones."""
ALIKE, UNLIKE = 1.25, 2.0
"""Factors within which the time of a stage is expected, from stages of the same configuration and of another."""


@dataclass(frozen=True)
class Taken:
    """The time that a stage took [s], and how much of it a unit of work took: `each`, None if it was not seen to proceed."""

    like: str
    """Stands for the configuration of the stage and its inputs."""
    work: float
    seconds: float
    each: float | None = None

    def expect(self, work: float) -> Estimate:
        """Estimate the time for another amount of work."""
        if self.each is not None:
            seconds = max(0.0, self.seconds + self.each * (work - self.work))
            return Estimate(seconds, seconds, seconds)
        scaled = self.seconds * work / self.work
        low, high = sorted((self.seconds, scaled))
        return Estimate(math.sqrt(low * high), low, high)


class Experience:
    """The times that this machine remembers; each plugin's are read once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._known: dict[str, list[Taken]] = {}
        self._likes: dict[str, str] = {}

    def expect(self, planned: Planned, work: float) -> Estimate | None:
        """Estimate the time of a stage for an amount of work (see `amount_of_work`); None if its plugin has not run here yet."""
        like, known = self._like(planned.stage), self._of_plugin(_name(planned))
        alike = [taken for taken in known if taken.like == like]
        found = [taken.expect(work) for taken in (alike or known)[-3:]]
        if not found:
            return None
        seconds = fmean(one.seconds for one in found)
        widest = Estimate(seconds, min(one.low for one in found), max(one.high for one in found))
        return widest.within(ALIKE if alike else UNLIKE)

    def knows(self, planned: Planned) -> bool:
        """Check whether a stage of the same configuration was seen to proceed."""
        like = self._like(planned.stage)
        return any(one.like == like and one.each is not None for one in self._of_plugin(_name(planned)))

    def remember(self, planned: Planned, work: float, seconds: float, each: float | None) -> None:
        """Remember what a stage took."""
        name = _name(planned)
        known = self._of_plugin(name)
        known.append(Taken(self._like(planned.stage), work, seconds, each))
        write_cached("times", name, {"taken": [asdict(taken) for taken in known[-KEPT:]]})

    def _of_plugin(self, name: str) -> list[Taken]:
        if name not in self._known:
            self._known[name] = list(_sound(read_cached("times", name).get("taken")))
        return self._known[name]

    def _like(self, stage: Stage) -> str:
        """Return a digest of the configuration of a stage and its inputs, without the rows of sweeps and the names of stages."""
        if stage.id not in self._likes:
            fit = stage.fit.model_dump(mode="json", exclude=SET_APART) if isinstance(stage, FittedModelStage) else None
            inputs = sorted({self._like(self._plan.stages[ref.id].stage) for ref in stage.refs()})
            self._likes[stage.id] = digest_of([stage.offer.distribution, stage.offer.name, stage.config, fit, inputs])
        return self._likes[stage.id]


SET_APART = {"train", "validation", "epochs", "seed", "early_stopping"}
"""Settings of a training that do not change the time of an epoch."""


def amount_of_work(plan: Plan, planned: Planned, workers: int) -> float:
    """Return the number of members that a stage works on: for each worker, if it is a simulation; once for each model that it works with,
    and for each epoch that it trains."""
    stage = planned.stage
    if isinstance(stage, SimulationStage):
        return stage.most_members / min(workers, stage.most_members)
    if isinstance(stage, FittedModelStage):
        return stage.fit.epochs * max(1.0, members_of(plan, stage.train))
    refs = list(stage.refs())
    models = sum(ref.section == "models" for ref in refs)
    return max(1, models) * max(1.0, sum(members_of(plan, ref) for ref in refs))


def members_of(plan: Plan, ref: Ref) -> float:
    """Return the number of members that a result holds; none for models and findings."""
    stage = plan.stages[ref.id].stage
    if isinstance(stage, SimulationStage):
        return stage.most_members
    if not isinstance(stage, DatasetStage):
        return 0
    share = stage.split.fractions[ref.part] if stage.split and ref.part else 1.0
    return share * sum(members_of(plan, one) for one in stage.refs())


def _name(planned: Planned) -> str:
    return digest_of([planned.section, planned.stage.offer.distribution, planned.stage.offer.name])[:24]


def _sound(found: Any) -> Iterable[Taken]:
    """Yield the records that are whole: others may write this cache."""
    names = {field.name for field in fields(Taken)}
    for record in found if isinstance(found, list) else ():
        if isinstance(record, dict) and set(record) == names:
            taken = Taken(**record)
            numbers = [one for one in (taken.work, taken.seconds, taken.each) if one is not None]
            if all(isinstance(one, (int, float)) and 0 <= one < math.inf for one in numbers) and taken.work:
                yield taken

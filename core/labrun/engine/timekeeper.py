"""The time that a run still takes: from how its stages proceed, and for those to come from what is known (`labrun.planning.costs`)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from statistics import stdev
from time import monotonic

from labrun.contracts.estimate import Estimate, TimeLeft
from labrun.contracts.events import Outcome
from labrun.planning.costs import expected_time
from labrun.planning.experience import Experience, amount_of_work
from labrun.planning.plan import Plan, Planned

__all__ = ["Pace", "Timekeeper"]

LAST = 50
"""Steps of a stage from which its pace is judged: a training may become slower."""

NOTHING = Estimate(0.0, 0.0, 0.0)


class Pace:
    """How a stage proceeds: when each of its units was done."""

    def __init__(self, expected: Estimate | None, done: int, total: int, now: float) -> None:
        self.begun = now
        self.before = done
        self._expected = expected
        self.total = total
        self._marks: list[tuple[float, int]] = []

    def mark(self, done: int, now: float) -> None:
        """Note that so many units are done."""
        self._marks.append((now, done))

    @property
    def each(self) -> Estimate | None:
        """The time for a unit: the mean of the last steps, two standard errors to each side; None before there are two marks."""
        marks = self._marks[-LAST:]
        steps = [(after - before) / (n - m) for (before, m), (after, n) in itertools.pairwise(marks) if n > m]
        if not steps:
            return None
        (first, m), (last, n) = marks[0], marks[-1]
        mean = (last - first) / (n - m)
        error = 2 * stdev(steps) / math.sqrt(len(steps)) if len(steps) > 1 else mean / 2
        return Estimate(mean, max(0.0, mean - error), mean + error)

    def left(self, now: float) -> Estimate | None:
        """Estimate the time until the end; None if nothing is known."""
        if each := self.each:
            last, done = self._marks[-1]
            return (each * (self.total - done)).after(now - last)
        return self._expected.after(now - self.begun) if self._expected else None


class Timekeeper:
    """Keeps the time of one run."""

    def __init__(self, plan: Plan, workers: int) -> None:
        self._plan = plan
        self._workers = workers
        self._experience = Experience(plan)
        self._to_come = NOTHING
        self._unknown = 0
        self._expected: dict[str, Estimate | None] = {}
        self._paces: dict[str, Pace] = {}

    def begin(self, reused: Iterable[str]) -> TimeLeft:
        """Begin a run, of which these stages are done."""
        done = set(reused)
        self._foresee(planned for planned in self._plan.stages.values() if planned.id not in done)
        return self._left(None, monotonic())

    def begin_stage(self, planned: Planned, done: int, total: int) -> TimeLeft:
        """Begin a stage, of whose units some are done."""
        now = monotonic()
        expected = self._expected.pop(planned.id, None)
        self._paces[planned.id] = Pace(expected, done, total, now)
        self._add_up()
        return self._left(planned, now)

    def progress(self, planned: Planned, done: int) -> TimeLeft:
        """Note that so many units of a stage are done."""
        now = monotonic()
        self._paces[planned.id].mark(done, now)
        return self._left(planned, now)

    def end_stage(self, planned: Planned, outcome: Outcome) -> None:
        """End a stage, and remember what it took."""
        self._expected.pop(planned.id, None)
        pace = self._paces.pop(planned.id, None)
        self._add_up()
        if pace is None or outcome != "done" or pace.before:
            return
        work = amount_of_work(self._plan, planned, self._workers)
        per_work = pace.each.seconds * pace.total / work if pace.each else None
        self._experience.remember(planned, work, monotonic() - pace.begun, per_work)
        unknown = [self._plan.stages[name] for name, expected in self._expected.items() if expected is None]
        self._foresee(one for one in unknown if one.stage.offer == planned.stage.offer)

    def _foresee(self, stages: Iterable[Planned]) -> None:
        """Estimate stages to come."""
        for planned in stages:
            self._expected[planned.id] = expected_time(self._plan, planned, self._workers, self._experience)
        self._add_up()

    def _add_up(self) -> None:
        known = [one for one in self._expected.values() if one is not None]
        self._to_come = sum(known, NOTHING)
        self._unknown = len(self._expected) - len(known)

    def _left(self, planned: Planned | None, now: float) -> TimeLeft:
        in_work = {name: pace.left(now) for name, pace in self._paces.items()}
        known = [one for one in in_work.values() if one is not None]
        unknown = self._unknown + len(in_work) - len(known)
        return TimeLeft(in_work.get(planned.id) if planned else None, sum(known, self._to_come), unknown)

"""Run a simulation whose rows are chosen round by round.

The store holds each round's rows before they are simulated, and what was measured of its members when all are there. Round r is chosen
from the results of rounds 0 … r − `in_flight`, whatever else has come by then: so its rows do not depend on the number of workers, nor on
which member is the slowest, and while the last members of one round are simulated, workers are busy with the next. A run that was
interrupted reads the rounds that are there, and chooses the others as an undisturbed run does.
"""

from __future__ import annotations

import statistics
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from labrun.contracts.ensemble import Ensemble
from labrun.contracts.sampling import Asked, Choice
from labrun.engine.measuring import asked_rows, measure_round
from labrun.engine.simulation import Simulation
from labrun.engine.stage_work import StageWork
from labrun.faults import LabrunError
from labrun.project.rounds import first_round
from labrun.project.space import Space
from labrun.project.stage import AdaptiveStage
from labrun.registry.error_origin import error_origin
from labrun.seeds import generator
from labrun.store.parts import Receipt, StoredMembers
from labrun.store.rounds import (
    MeasuredRound,
    Round,
    digests_of_rounds,
    read_measured,
    read_rounds,
    write_measured,
    write_round,
)
from labrun.workers.protocol import one_thread

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Asking"]

LOOK_BACK = 3
"""Rounds by whose changes that of a further round is estimated."""


class Asking(Simulation):
    """An adaptive simulation in work: `stage` grows by a round at a time."""

    stage: AdaptiveStage

    def __init__(self, stage: AdaptiveStage, work: StageWork) -> None:
        result = work.plan.place(work.planned)
        super().__init__(stage, result / "parts", work.plan.project.seed)
        self.work = work
        self.result = result
        self.space = Space(stage.adaptive.columns)
        self.rounds = read_rounds(result) or [self._written(0, first_round(stage.adaptive, self.seed, stage.name))]
        self.measured: list[MeasuredRound] = []
        self.changes: list[float] = []
        """What each round has changed, from the second on."""
        self.stopped = ""
        """Why no further round is begun; empty as long as one may be."""
        self.stage = stage.with_rounds(self.rounds)
        self._complete = 0
        """The number of rounds whose members are all known to be there."""

    @property
    def numbers(self) -> dict[str, float]:
        return {"round": len(self.rounds) - 1}

    def missing(self, receipts: dict[int, Receipt]) -> Iterator[int | None]:
        """Yield the parts to make, round after round; None where the next round waits for results."""
        yield from super().missing(receipts)
        while not self.stopped:
            number = len(self.rounds)
            if not self._is_complete(self.stage.adaptive.known_to(number), receipts):
                yield None
            elif self._choose(number, receipts):
                done = len(self.parts)
                self.stage = self.stage.with_rounds(self.rounds)
                yield from range(done, len(self.parts))

    def _is_complete(self, rounds: int, receipts: dict[int, Receipt]) -> bool:
        """Check whether all members of the first rounds are there."""
        while self._complete < rounds:
            first = sum(self.stage.rounds[: self._complete])
            past = first + self.stage.rounds[self._complete]
            begin, end = (bisect_left(self.parts, member, key=min) for member in (first, past))
            if not all(number in receipts for number in range(begin, end)):
                return False
            self._complete += 1
        return True

    # -- choosing ------------------------------------------------------------------------------------------------------------------

    def _choose(self, number: int, receipts: dict[int, Receipt]) -> bool:
        """Choose the next round and write it; return False if there is none."""
        adaptive = self.stage.adaptive
        known = self.measure(adaptive.known_to(number), receipts)
        self.stopped = self._reason_to_stop(number, known, receipts)
        if self.stopped:
            return False
        rng = generator(self.seed, self.stage.name, "round", number)
        asked = [tuple(row) for one in self.rounds for row in one.rows]
        candidates = self.space.candidates(asked, rng)
        if not candidates:
            self.stopped = "every place was asked"
            return False
        count = min(adaptive.rows_of(number), len(candidates))
        points = self.space.points(asked)
        choice = self._ask_sampler(asked_rows(points, known, self.stage.repeats), candidates, count, rng)
        rows = [list(candidates[i]) for i in choice.rows.tolist()]
        self.rounds.append(self._written(number, Round(rows, [float(score) for score in choice.scores])))
        return True

    def _written(self, number: int, content: Round) -> Round:
        write_round(self.result, number, content)
        return content

    def _reason_to_stop(self, number: int, known: list[MeasuredRound], receipts: dict[int, Receipt]) -> str:
        adaptive, until = self.stage.adaptive, self.stage.adaptive.until
        if self.stage.failures == "stop" and any(receipt.failures for receipt in receipts.values()):
            return "members failed"
        if not adaptive.rows_of(number):
            return f"all {adaptive.count} rows were asked"
        if until.change is not None and len(self.changes) >= LOOK_BACK:
            mean, error = self.expected_change()
            if mean + error < until.change:
                return f"a further round would change less than {until.change:g}: {mean:.2g} ± {error:.2g}"
        if until.minutes is not None and self.work.seconds > 60 * until.minutes:
            return f"{until.minutes:g} minutes had passed"
        return ""

    def expected_change(self) -> tuple[float, float]:
        """Estimate what a further round would change, with its standard error: from the last rounds that are measured."""
        last = self.changes[-LOOK_BACK:]
        return statistics.fmean(last), statistics.stdev(last) / len(last) ** 0.5

    def _ask_sampler(self, asked: Asked, candidates: list[Any], count: int, rng: np.random.Generator) -> Choice:
        if not asked.known.any():
            raise LabrunError(
                f"{self.stage.id}: no row could be measured, so there is nothing to choose the next ones by"
            )
        sampler = self.stage.sampler
        points = self.space.points(candidates)
        choice = self._call(lambda: sampler.propose(asked, points, count, rng))
        if problem := problem_with_choice(choice, len(candidates), count):
            raise LabrunError(f"{type(sampler).__name__}.propose ({self.stage.sampler_offer.called}) {problem}")
        return choice

    def _call(self, function: Any) -> Any:
        """Call the sampler.

        Raises:
            LabrunError: it raised an exception.
        """
        offer = self.stage.sampler_offer
        try:
            with one_thread():
                return function()
        except Exception as error:  # a plugin may raise anything
            origin = error_origin(offer.plugin.__module__, error)
            raise LabrunError(f"the sampler {offer.called} raised {origin}") from error

    # -- measuring -----------------------------------------------------------------------------------------------------------------

    def measure(self, rounds: int, receipts: dict[int, Receipt]) -> list[MeasuredRound]:
        """Return what was measured of the first rounds, whose members are all there; measure what is not in the store yet."""
        while len(self.measured) < rounds:
            number = len(self.measured)
            found = read_measured(self.result, number)
            if found is None:
                found = self._measure(number, receipts)
                write_measured(self.result, number, found)
            self.measured.append(found)
            if self.stage.adaptive.until.change is not None and number > 0:
                self.changes.append(self._change())
        return self.measured[:rounds]

    def _measure(self, number: int, receipts: dict[int, Receipt]) -> MeasuredRound:
        first = sum(self.stage.rounds[:number])
        members = range(first, first + self.stage.rounds[number])
        failed = {failure.member for receipt in receipts.values() for failure in receipt.failures}
        numbers = [member for member in members if member not in failed]
        columns = {name: [values[m] for m in numbers] for name, values in self.stage.table.parameters.items()}
        stored = StoredMembers(self.folder, self.parts)
        ensemble = Ensemble(stored, numbers, columns, self.stage.name)
        return measure_round(self.stage.adaptive.measure, ensemble, members, self._models)

    @cached_property
    def _models(self) -> list[Any]:
        return [self.work.results.get(ref) for ref in self.stage.refs()]

    # -- what a round changes ------------------------------------------------------------------------------------------------------

    @cached_property
    def _reference(self) -> np.ndarray:
        return self.space.reference(generator(self.seed, self.stage.name, "reference"))

    def _change(self) -> float:
        """Return what the last measured round has changed of the sampler's predictions."""
        import numpy as np

        before, after = (self._predicted(len(self.measured) - back) for back in (1, 0))
        if self.stage.sampler.needs == "classes":
            return float(np.mean(before != after))
        return float(np.sqrt(np.mean((after - before) ** 2)) / (np.std(after) or 1.0))

    def _predicted(self, rounds: int) -> np.ndarray:
        rows = [tuple(row) for one in self.rounds[:rounds] for row in one.rows]
        asked = asked_rows(self.space.points(rows), self.measured[:rounds], self.stage.repeats)
        found: np.ndarray = self._call(lambda: self.stage.sampler.predict(asked, self._reference))
        return found

    def files(self) -> dict[str, str]:
        """Return the SHA-256 of the files of all rounds, by their paths within the result."""
        return digests_of_rounds(self.result, self.rounds)


def problem_with_choice(choice: Any, candidates: int, count: int) -> str:
    """Return what is wrong with what a sampler returned, as the end of a sentence; empty if nothing is."""
    import numpy as np

    if not isinstance(choice, Choice):
        return f"must return labrun.Choice(rows, scores), not {type(choice).__name__}"
    rows, scores = np.asarray(choice.rows), np.asarray(choice.scores)
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or scores.shape != rows.shape:
        return (
            "must return rows, (count,) int, the places of the chosen candidates, and as many scores; "
            f"it returned rows {rows.shape} {rows.dtype} and scores {scores.shape}"
        )
    if len(rows) != count or len(np.unique(rows)) != count:
        return f"was asked for {count} different candidates and returned {len(np.unique(rows))}"
    if rows.min() < 0 or rows.max() >= candidates:
        return f"must return places among the {candidates} candidates; it returned {rows.min()} to {rows.max()}"
    if not np.isfinite(scores.astype(float)).all():
        return "must return finite scores"
    return ""

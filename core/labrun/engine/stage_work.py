"""A stage while it is made: what its maker has at hand, and what is reported meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labrun.contracts.events import StageProgressed, StageStarted
from labrun.engine.observers import Observers
from labrun.engine.timekeeper import Timekeeper
from labrun.files.integrity import Damage, in_words
from labrun.planning.plan import Plan, Planned
from labrun.planning.results import Results
from labrun.workers.interruption import Interruption
from labrun.workers.protocol import Workers

__all__ = ["StageWork"]


@dataclass
class StageWork:
    """One stage of a plan while it is made."""

    plan: Plan
    planned: Planned
    results: Results
    workers: Workers
    observers: Observers
    interruption: Interruption
    clock: Timekeeper
    begun: float = field(default_factory=time.perf_counter)
    reached: str = ""
    """Progress in words; empty until something is done."""

    @property
    def seconds(self) -> float:
        """The time since it was begun."""
        return time.perf_counter() - self.begun

    @property
    def damage(self) -> list[Damage]:
        """Damage to a result that was finished once."""
        return self.plan.damage(self.planned)

    def started(self, unit: str, total: int, done: int = 0) -> None:
        """Report that work begins on `total` units, `done` of which are there already."""
        planned = self.planned
        name, left = planned.stage.offer.name, self.clock.begin_stage(planned, done, total)
        self.observers.notify(
            StageStarted(time.time(), planned.id, name, planned.key, unit, total, done, planned.inputs, left)
        )

    def progressed(self, done: int, total: int, unit: str, numbers: dict[str, float] | None = None) -> None:
        """Report that `done` of `total` units are done."""
        self.reached = f"{done} of {total} {unit}"
        left = self.clock.progress(self.planned, done)
        self.observers.notify(StageProgressed(time.time(), self.planned.id, done, total, numbers or {}, left))

    def complain(self, damage: Iterable[Damage], consequence: str) -> None:
        """Report damage, and what is done about it."""
        for sentence in in_words(self.planned.id, damage, consequence):
            self.observers.complain(sentence)

    @contextmanager
    def building(self) -> Iterator[Path]:
        """Yield a folder for the files of the result, which is sealed and takes its place in the store when all went well; what is damaged
        there gives way."""
        self.complain(self.damage, "the result is made again")
        with self.plan.store.building(self.planned.section, self.planned.key) as folder:
            yield folder
            self.seal(folder)

    def seal(self, folder: Path, expected: dict[str, str] | None = None, **notes: Any) -> None:
        """Write the manifest of the result in `folder` (see `Store.seal`)."""
        planned = self.planned
        self.plan.store.seal(
            folder, planned.section, planned.key, planned.id, planned.inputs, self.seconds, expected, **notes
        )

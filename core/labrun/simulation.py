"""Running a simulation stage: its parts, on an executor, each written by the worker that simulated it."""

from __future__ import annotations

import importlib
import itertools
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.faults import LabrunError
from labrun.files import is_out_of_space
from labrun.interruption import Interruption
from labrun.parts import Failure, Receipt, cut, is_intact, read_receipt, write_part
from labrun.plan import Plan, Planned
from labrun.plugin import Arrays, Simulator
from labrun.pool import Workers
from labrun.registry import Offer, load_file
from labrun.seeds import generator
from labrun.sweeptable import SweepTable

if TYPE_CHECKING:
    import numpy as np

__all__ = ["MembersFailed", "PartTask", "Simulation", "simulate_member", "simulate_part"]

DEATHS_AT_MOST = 3
"""A part whose worker died so often, while nothing else was in hand, is given up."""

PATIENCE = 0.5
"""Seconds after which a driver that waits for parts looks whether it shall stop."""


class MembersFailed(LabrunError):
    """Members of a simulation failed; all others are done and kept."""


@dataclass(frozen=True)
class PluginSource:
    """Where a worker finds a plugin class."""

    module: str
    name: str
    file: Path | None

    @classmethod
    def of(cls, offer: Offer) -> PluginSource:
        return cls(offer.plugin.__module__, offer.plugin.__qualname__, offer.file)

    def load(self) -> type[Simulator]:
        module = load_file(self.file) if self.file else importlib.import_module(self.module)
        found: Any = module
        for name in self.name.split("."):
            found = getattr(found, name)
        return found


@dataclass(frozen=True)
class PartTask:
    """All that a worker needs to make one part."""

    source: PluginSource
    folder: Path
    number: int
    members: list[int]
    rows: list[dict[str, Any]]
    fixed: dict[str, Any]
    seed: int
    stage: str
    draws: list[Any]
    """What the random numbers of each member follow from: its number, or the values of `seed_by`."""


def simulate_part(task: PartTask) -> Receipt:
    """Simulate the members of a part one after the other and write them. Runs in a worker."""
    plugin_class = task.source.load()

    def results() -> Iterator[tuple[int, Arrays] | Failure]:
        for member, row, draw in zip(task.members, task.rows, task.draws, strict=True):
            try:
                plugin = plugin_class.configured(task.fixed | row)
                yield member, simulate_member(plugin, generator(task.seed, task.stage, draw))
            except (
                Exception,
                SystemExit,
            ) as error:  # what a simulator raises is that member's failure, not the stage's
                if is_out_of_space(error):
                    raise
                yield Failure(member, row, f"{type(error).__name__}: {error}", traceback.format_exc())

    return write_part(task.folder, task.number, results())


def simulate_member(plugin: Simulator, rng: np.random.Generator) -> Arrays:
    """Simulate one member and check what comes back.

    Raises:
        TypeError: the simulator returns something else than named arrays of numbers, or others than it declares.
        FloatingPointError: an array holds a NaN or an infinity.
    """
    import numpy as np

    returned = plugin.simulate(rng)
    if not isinstance(returned, dict) or not returned:
        raise TypeError(f"{plugin.name}.simulate must return a dict of arrays, not {type(returned).__name__}")
    arrays = {name: np.asarray(array) for name, array in returned.items()}
    if plugin.outputs and set(arrays) != set(plugin.outputs):
        raise TypeError(f"{plugin.name} declares the outputs {sorted(plugin.outputs)} but returned {sorted(arrays)}")
    for name, array in arrays.items():
        if not isinstance(name, str) or not name or "/" in name or name.startswith("."):
            raise TypeError(f"{plugin.name} returned an array named {name!r}; a name is a text without '/'")
        if array.dtype.kind not in "biufc":
            raise TypeError(f"{plugin.name} returned '{name}' as an array of {array.dtype}; numbers are wanted")
        if array.dtype.kind in "fc" and not np.isfinite(array).all():
            raise FloatingPointError(f"the array '{name}' holds a NaN or an infinity")
    return arrays


@dataclass(frozen=True)
class Simulation:
    """A simulation stage in work: what its parts are made from, and where."""

    offer: Offer
    table: SweepTable
    fixed: dict[str, Any]
    seed: int
    stage: str
    folder: Path

    @classmethod
    def of(cls, plan: Plan, planned: Planned) -> Simulation:
        """The simulation of a stage, in the plan's store."""
        stage = planned.stage
        assert stage.table is not None
        folder = plan.folder(planned) / "parts"
        return cls(stage.offer, stage.table, stage.fixed, plan.project.seed, stage.name, folder)

    @cached_property
    def parts(self) -> list[list[int]]:
        """The members of each part."""
        return cut(self.table.size, self.table.groups())

    def finished(self) -> dict[int, Receipt]:
        """The parts that are there: whole (the content is compared with the receipt), and without failed members."""
        receipts = ((number, read_receipt(self.folder, number)) for number in range(len(self.parts)))
        return {
            number: receipt
            for number, receipt in receipts
            if receipt is not None and not receipt.failures and is_intact(self.folder, number, receipt)
        }

    def task(self, number: int) -> PartTask:
        """What a worker must know to make a part."""
        members, groups = self.parts[number], self.table.groups()
        draws = [m if groups is None else list(groups[m]) for m in members]
        rows = [self.table.row(m) for m in members]
        source = PluginSource.of(self.offer)
        return PartTask(source, self.folder, number, members, rows, self.fixed, self.seed, self.stage, draws)

    def count(self, parts: Iterable[int]) -> int:
        """How many members these parts hold."""
        return sum(len(self.parts[number]) for number in parts)

    def run(
        self,
        workers: Workers,
        receipts: dict[int, Receipt],
        progress: Callable[[int], None],
        interruption: Interruption,
    ) -> None:
        """Make the parts that `receipts` lacks and add theirs; `progress` is told how many members are done. When the run shall stop, no
        part is begun any more, and those in hand are finished.

        When a worker dies, all parts in hand are lost, and any of them may be the cause. They are made again one at a
        time, so that one that kills its worker is found, and does not keep the others from being made.

        Raises:
            LabrunError: a part killed its worker again and again.
            OSError: the disk is full, or the folder cannot be written.
            KeyboardInterrupt: the run was asked to stop.
        """
        lost: list[int] = []
        deaths: Counter[int] = Counter()
        while missing := [number for number in range(len(self.parts)) if number not in receipts]:
            in_hand: set[int] = set()
            alone = bool(lost)
            try:
                for number, receipt in self._make(workers, lost[:1] or missing, in_hand, interruption):
                    receipts[number] = receipt
                    progress(self.count(receipts))
                interruption.check()
                lost = lost[1:]
            except BrokenProcessPool as error:
                if not alone:
                    lost = sorted(in_hand)
                    continue
                deaths[lost[0]] += 1
                if deaths[lost[0]] == DEATHS_AT_MOST:
                    raise LabrunError(self._about_deaths(lost[0])) from error

    def _make(
        self, workers: Workers, numbers: list[int], in_hand: set[int], interruption: Interruption
    ) -> Iterator[tuple[int, Receipt]]:
        """Submit parts, a few more than there are workers, and yield receipts as they come."""
        executor = workers.executor()
        waiting = iter(numbers)
        running: dict[Future[Receipt], int] = {}

        def submit(count: int) -> None:
            for number in itertools.islice(waiting, count):
                in_hand.add(number)
                running[executor.submit(simulate_part, self.task(number))] = number

        try:
            submit(2 * workers.count)
            while running:
                for future in wait(running, PATIENCE, FIRST_COMPLETED).done:
                    number = running.pop(future)
                    yield number, future.result()
                    in_hand.discard(number)
                    submit(not interruption.requested)
                if interruption.requested:
                    running = {future: number for future, number in running.items() if not future.cancel()}
        finally:
            for future in running:
                future.cancel()

    def _about_deaths(self, part: int) -> str:
        members = self.parts[part]
        which = f"member {members[0]}" if len(members) == 1 else f"one of the members {members[0]} to {members[-1]}"
        return (
            f"the worker process died {DEATHS_AT_MOST} times in {which} "
            f"(first: {self.table.row(members[0])}). Was there too little memory, or a crash in compiled code? "
            "What was finished is kept"
        )

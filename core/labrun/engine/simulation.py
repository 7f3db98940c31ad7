"""Run a simulation stage: hand its parts to workers, and keep account of what is there, what is missing and what failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from labrun.engine.delivery import deliver_part
from labrun.engine.part_task import PartTask
from labrun.faults import LabrunError
from labrun.files.guarded import GuardedPath
from labrun.files.integrity import Damage
from labrun.planning.plan import Plan
from labrun.project.stage import SimulationStage
from labrun.registry.plugin_code import PluginCode
from labrun.store.parts import Receipt, examine_part
from labrun.workers.dispatch import TaskKillsWorker, dispatch
from labrun.workers.interruption import Interruption
from labrun.workers.protocol import Workers
from labrun.workers.store_probe import StoreProbe

__all__ = ["Simulation"]


@dataclass
class Simulation:
    """A simulation stage in work: what its parts are made from, and the folder that holds them."""

    stage: SimulationStage
    folder: GuardedPath
    seed: int

    @classmethod
    def of(cls, plan: Plan, stage: SimulationStage) -> Simulation:
        """Return the simulation of a stage, in the plan's store."""
        return cls(stage, plan.place(plan.stages[stage.id]) / "parts", plan.project.seed)

    @property
    def parts(self) -> list[list[int]]:
        """The members of each part."""
        return self.stage.stored_parts

    @cached_property
    def source(self) -> PluginCode:
        """The simulator, as workers get it."""
        return PluginCode.of(self.stage.offer)

    def examine(self) -> tuple[dict[int, Receipt], list[Damage]]:
        """Return the parts that are whole (see `labrun.files.integrity`) and hold no failed members, and the damage of parts that
        were finished once."""
        receipts, damage = {}, []
        for number in range(len(self.parts)):
            receipt, found = examine_part(self.folder, number)
            if receipt is not None and not receipt.failures:
                receipts[number] = receipt
            damage += [Damage(f"{self.folder.name}/{one.name}", one.problem) for one in found]
        return receipts, damage

    def task(self, number: int, probe: StoreProbe | None = None, *, isolated: bool = False) -> PartTask:
        """Return what a worker must know to make a part; `isolated` keeps a member that ends its process from ending the worker."""
        stage, members, groups = self.stage, self.parts[number], self.stage.groups
        draws = [m if groups is None else list(groups[m]) for m in members]
        rows = [stage.table.row(m) for m in members]
        folder = self.folder.absolute()  # a simulator may change the working directory
        own = (folder, number, members, rows, stage.fixed, self.seed, stage.name, draws)
        return PartTask(self.source, *own, probe, stage.timeout, stage.plugin.keeps_time, isolated)

    def count(self, parts: Iterable[int]) -> int:
        """Count the members of these parts."""
        return sum(len(self.parts[number]) for number in parts)

    @property
    def numbers(self) -> dict[str, float]:
        """Numbers worth showing while it runs."""
        return {}

    def missing(self, receipts: dict[int, Receipt]) -> Iterator[int | None]:
        """Yield the numbers of the parts to make; None where none can be begun before others are there."""
        yield from (number for number in range(len(self.parts)) if number not in receipts)

    def run(
        self,
        workers: Workers,
        receipts: dict[int, Receipt],
        progress: Callable[[int], None],
        interruption: Interruption,
    ) -> None:
        """Make the parts that `receipts` lacks and add theirs; `progress` is called with the number of members that are done. When the run
        is asked to stop, no further part is begun, and those in hand are finished.

        Parts that killed their workers again and again are made at the end, with their members isolated: those that do so fail, the
        others are done.

        Raises:
            LabrunError: a part killed its worker all the same.
            OSError: the disk is full, or the folder cannot be written.
            KeyboardInterrupt: the run was asked to stop.
        """
        done = self.count(receipts)

        def make(tasks: Iterable[tuple[int, PartTask] | None]) -> TaskKillsWorker | None:
            nonlocal done
            made = dispatch(workers, deliver_part, tasks, lambda: interruption.requested)
            try:
                for number, delivery in made:
                    receipts[number] = delivery.keep(self.folder, number)
                    done += len(self.parts[number])
                    progress(done)
            except TaskKillsWorker as error:
                return error
            finally:
                made.close()
            return None

        def tasks() -> Iterator[tuple[int, PartTask] | None]:
            for number in self.missing(receipts):
                yield None if number is None else (number, self.task(number, workers.probe))

        while fatal := make(tasks()):  # what waited for the parts that are then isolated is made in another turn
            fatal = make((number, self.task(number, workers.probe, isolated=True)) for number in fatal.numbers)
            if fatal is not None:
                raise LabrunError(self._about_deaths(fatal.numbers[0], fatal.times))
        interruption.check()

    def _about_deaths(self, part: int, times: int) -> str:
        members = self.parts[part]
        which = f"member {members[0]}" if len(members) == 1 else f"one of the members {members[0]} to {members[-1]}"
        return (
            f"the worker process died {f'{times} times' if times > 1 else 'again and again'} in {which} "
            f"(first: {self.stage.table.row(members[0])}). Was there too little memory, or a crash in compiled code? "
            "What was finished is kept"
        )

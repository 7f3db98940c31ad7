"""Running a simulation stage: its parts, on workers, each written by the worker that simulated it, if that sees the store."""

from __future__ import annotations

import hashlib
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.contracts.plugin import Arrays, Simulator
from labrun.faults import LabrunError
from labrun.files.atomic import write_atomically
from labrun.files.disk_space import expect_space, is_out_of_space
from labrun.files.integrity import Damage
from labrun.planning.plan import Plan, Planned
from labrun.project.sweeptable import SweepTable
from labrun.registry.import_watch import watch_import
from labrun.registry.plugin_code import PluginCode
from labrun.registry.registry import Offer
from labrun.seeds import generator
from labrun.store.parts import Failure, Receipt, cut, examine_part, part_name, write_part, write_receipt
from labrun.workers.dispatch import TaskKillsWorker, dispatch
from labrun.workers.interruption import Interruption
from labrun.workers.protocol import Workers
from labrun.workers.store_probe import StoreProbe, scratch_folder

if TYPE_CHECKING:
    import numpy as np

__all__ = ["MembersFailed", "PartTask", "Simulation", "simulate_member", "simulate_part"]

UNSEEN = 120.0
"""Seconds in which a file that a worker has written must be seen here. Network file systems remember for a minute what was not there."""


class MembersFailed(LabrunError):
    """Members of a simulation failed; all others are done and kept."""


@dataclass(frozen=True)
class PartTask:
    """All that a worker needs to make one part."""

    source: PluginCode
    folder: Path
    number: int
    members: list[int]
    rows: list[dict[str, Any]]
    fixed: dict[str, Any]
    seed: int
    stage: str
    draws: list[Any]
    """What the random numbers of each member follow from: its number, or the values of `seed_by`."""
    probe: StoreProbe | None = None
    """What tells the worker whether it sees the folder; None if it surely does."""


@dataclass(frozen=True)
class Delivery:
    """A part that is made: its receipt, and what stands in its file, if the worker could not write it to the store."""

    receipt: Receipt
    content: bytes | None = None

    def keep(self, folder: Path, number: int) -> Receipt:
        """See to it that the part lies in the store.

        Raises:
            LabrunError: it cannot be seen, or has changed on the way.
            OSError: the disk is full, or the folder cannot be written.
        """
        path = folder / part_name(number)
        if self.content is None:
            _await(path, self.receipt.size)
            return self.receipt
        if hashlib.sha256(self.content).hexdigest() != self.receipt.sha256:
            raise LabrunError(
                f"{path} has changed on its way from the worker. Run the same command again: it makes what is missing"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        expect_space(path, len(self.content))
        with write_atomically(path) as temporary:
            temporary.write_bytes(self.content)
        write_receipt(folder, number, self.receipt)
        return self.receipt


def _await(path: Path, size: int) -> None:
    begun = time.monotonic()
    while not (path.is_file() and path.stat().st_size == size):
        if time.monotonic() - begun > UNSEEN:
            raise LabrunError(
                f"a worker has written {path}, but after {UNSEEN:g} s it is not seen here: is the folder the same on both machines?"
            )
        time.sleep(0.1)


def deliver_part(task: PartTask) -> Delivery:
    """Make a part in the store, or, where that is not seen, in a folder that does not last. Runs in a worker.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    if task.probe is None or task.probe.is_seen():
        return Delivery(simulate_part(task))
    with tempfile.TemporaryDirectory(dir=scratch_folder()) as folder:
        receipt = simulate_part(replace(task, folder=Path(folder)))
        return Delivery(receipt, (Path(folder) / part_name(task.number)).read_bytes())


def simulate_part(task: PartTask) -> Receipt:
    """Simulate the members of a part one after the other and write them. Runs in a worker."""
    with watch_import():  # the driver has told what there is to tell of the import
        plugin_class: Any = task.source.load()

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
        found = type(returned).__name__ if not isinstance(returned, dict) else "an empty one"
        raise TypeError(f"{plugin.name}.simulate must return a dict of arrays, not {found}")
    for name in returned:
        if not isinstance(name, str) or not name or "/" in name or name.startswith("."):
            raise TypeError(f"{plugin.name} returned an array named {name!r}; a name is a text without '/'")
    if plugin.outputs and set(returned) != set(plugin.outputs):
        raise TypeError(f"{plugin.name} declares the outputs {sorted(plugin.outputs)} but returned {sorted(returned)}")
    arrays = {name: _array(plugin, name, value) for name, value in returned.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "biufc":
            raise TypeError(f"{plugin.name} returned '{name}' as an array of {array.dtype}; numbers are wanted")
        if array.dtype.kind in "fc" and not np.isfinite(array).all():
            raise FloatingPointError(f"the array '{name}' holds a NaN or an infinity")
    return arrays


def _array(plugin: Simulator, name: str, value: Any) -> np.ndarray:
    import numpy as np

    try:
        return np.asarray(value)
    except ValueError as error:  # lists of unlike lengths
        raise TypeError(
            f"{plugin.name} returned '{name}' as {type(value).__name__} that is no array: {error}"
        ) from error


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
        return cut(self.table.size, self._groups)

    @cached_property
    def _groups(self) -> list[tuple[Any, ...]] | None:
        return self.table.groups()

    @cached_property
    def source(self) -> PluginCode:
        """The simulator, as workers get it."""
        return PluginCode.of(self.offer)

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

    def task(self, number: int, probe: StoreProbe | None = None) -> PartTask:
        """What a worker must know to make a part."""
        members, groups = self.parts[number], self._groups
        draws = [m if groups is None else list(groups[m]) for m in members]
        rows = [self.table.row(m) for m in members]
        folder = (
            self.folder if probe is None else self.folder.absolute()
        )  # workers elsewhere have another working directory
        return PartTask(self.source, folder, number, members, rows, self.fixed, self.seed, self.stage, draws, probe)

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

        Raises:
            LabrunError: a part killed its worker again and again.
            OSError: the disk is full, or the folder cannot be written.
            KeyboardInterrupt: the run was asked to stop.
        """
        missing = [number for number in range(len(self.parts)) if number not in receipts]
        tasks = ((number, self.task(number, workers.probe)) for number in missing)
        made = dispatch(workers, deliver_part, tasks, lambda: interruption.requested)
        done = self.count(receipts)
        try:
            for number, delivery in made:
                receipts[number] = delivery.keep(self.folder, number)
                done += len(self.parts[number])
                progress(done)
        except TaskKillsWorker as error:
            raise LabrunError(self._about_deaths(error.number, error.times)) from error
        finally:
            made.close()
        interruption.check()

    def _about_deaths(self, part: int, times: int) -> str:
        members = self.parts[part]
        which = f"member {members[0]}" if len(members) == 1 else f"one of the members {members[0]} to {members[-1]}"
        return (
            f"the worker process died {f'{times} times' if times > 1 else 'again and again'} in {which} "
            f"(first: {self.table.row(members[0])}). Was there too little memory, or a crash in compiled code? "
            "What was finished is kept"
        )

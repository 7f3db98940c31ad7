"""Running a simulation stage: its parts, on an executor, each written by the worker that simulated it."""

from __future__ import annotations

import errno
import importlib
import itertools
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.faults import LabrunError
from labrun.parts import Failure, Receipt, is_intact, read_receipt, write_part
from labrun.plugin import Arrays, Simulator
from labrun.registry import Offer, load_file
from labrun.seeds import generator
from labrun.sweep import SweepTable

if TYPE_CHECKING:
    import numpy as np

__all__ = ["MembersFailed", "PartTask", "simulate_member", "simulate_part", "simulate_parts"]


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


def simulate_part(task: PartTask) -> tuple[int, Receipt]:
    """Simulate the members of a part one after the other and write them. Runs in a worker."""
    plugin_class = task.source.load()

    def results() -> Iterator[tuple[int, Arrays] | Failure]:
        for member, row, draw in zip(task.members, task.rows, task.draws, strict=True):
            try:
                plugin = plugin_class.configured(task.fixed | row)
                yield member, simulate_member(plugin, generator(task.seed, task.stage, draw))
            except Exception as error:  # whatever a simulator raises is that member's failure, not the stage's
                if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                    raise
                message = f"{type(error).__name__}: {error}"
                yield Failure(member, row, message, traceback.format_exc())

    return task.number, write_part(task.folder, task.number, results())


def simulate_member(plugin: Simulator, rng: np.random.Generator) -> Arrays:
    """Simulate one member and check what comes back.

    Raises:
        TypeError: the simulator returns something else than named arrays, or others than it declares.
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
        if array.dtype == object:
            raise TypeError(f"{plugin.name} returned '{name}' as an array of Python objects; numbers are wanted")
        if array.dtype.kind in "fc" and not np.isfinite(array).all():
            raise FloatingPointError(f"the array '{name}' holds a NaN or an infinity")
    return arrays


def simulate_parts(
    executor: Callable[[], Executor],
    offer: Offer,
    table: SweepTable,
    fixed: dict[str, Any],
    seed: int,
    stage: str,
    folder: Path,
    parts: list[list[int]],
    progress: Callable[[int], None],
) -> list[Receipt]:
    """Make the parts that are missing in `folder`; `progress` is told how many members are done.

    A part that is there whole is kept (its content is compared with its receipt), one with failed members is made
    again. A worker that dies costs the parts in hand, once; a second death is an error.

    Raises:
        LabrunError: workers die again and again, or the disk is full.
    """
    groups = table.groups()
    receipts: dict[int, Receipt] = {}
    for number in range(len(parts)):
        receipt = read_receipt(folder, number)
        if receipt is not None and not receipt.failures and is_intact(folder, number, receipt):
            receipts[number] = receipt
    progress(sum(len(parts[n]) for n in receipts))

    def task(number: int) -> PartTask:
        members = parts[number]
        draws = [m if groups is None else list(groups[m]) for m in members]
        rows = [table.row(m) for m in members]
        return PartTask(PluginSource.of(offer), folder, number, members, rows, fixed, seed, stage, draws)

    deaths = 0
    while missing := [n for n in range(len(parts)) if n not in receipts]:
        try:
            for number, receipt in _completed(executor(), task, missing):
                receipts[number] = receipt
                progress(sum(len(parts[n]) for n in receipts))
        except BrokenProcessPool as error:
            deaths += 1
            if deaths > MAX_DEATHS:
                raise LabrunError(
                    f"worker processes died {deaths} times while '{stage}' was simulated (out of memory, or a crash in compiled code?). "
                    "What was finished is kept; try fewer --workers"
                ) from error
        except OSError as error:
            raise LabrunError(
                f"cannot write the parts of '{stage}' to {folder}: {error.strerror or error}. What was finished is kept: make room, and "
                "run the same command again"
            ) from error
    return [receipts[n] for n in range(len(parts))]


MAX_DEATHS = 3


def _completed(
    executor: Executor, task: Callable[[int], PartTask], numbers: list[int]
) -> Iterator[tuple[int, Receipt]]:
    """Submit tasks, a few more than are in work, and yield results as they come."""
    waiting = iter(numbers)
    ahead = 4 * getattr(executor, "_max_workers", 4)
    running = {executor.submit(simulate_part, task(n)) for n in itertools.islice(waiting, ahead)}
    while running:
        done, running = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()
            number = next(waiting, None)
            if number is not None:
                running.add(executor.submit(simulate_part, task(number)))

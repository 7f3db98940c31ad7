"""Make one part of a simulation on a worker, and see to it that it arrives in the store."""

from __future__ import annotations

import hashlib
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from labrun.contracts.plugin import Arrays
from labrun.engine.members import simulate_member
from labrun.faults import LabrunError
from labrun.files.atomic import write_atomically
from labrun.files.disk_space import expect_space, is_out_of_space
from labrun.registry.error_origin import error_name
from labrun.registry.import_watch import watch_import
from labrun.registry.plugin_code import PluginCode
from labrun.seeds import generator
from labrun.store.parts import Failure, Receipt, part_name, write_part, write_receipt
from labrun.workers.store_probe import StoreProbe, scratch_folder

__all__ = ["Delivery", "PartTask", "deliver_part", "simulate_part"]

UNSEEN = 120.0
"""Seconds in which a file that a worker has written must be seen here. Network file systems remember for a minute what was not there."""


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
                yield Failure(member, row, f"{error_name(error)}: {error}", traceback.format_exc())

    return write_part(task.folder, task.number, results())

"""Make one part of a simulation on a worker, and see to it that it arrives in the store."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from labrun.engine.isolation import isolated_members
from labrun.engine.part_task import PartTask, Simulated
from labrun.faults import LabrunError
from labrun.files.disk_space import expect_space
from labrun.files.guarded import GuardedPath
from labrun.store.parts import Receipt, part_name, write_part, write_receipt
from labrun.store.places import is_marked
from labrun.workers.store_probe import scratch_folder

__all__ = ["Delivery", "deliver_part", "simulate_part"]

UNSEEN = 120.0
"""Seconds within which a file that a worker wrote must be visible here. Network file systems cache for a minute that a file is missing."""


@dataclass(frozen=True)
class Delivery:
    """A part that is made: its receipt, and the content of its file if the worker could not write it to the store."""

    receipt: Receipt
    content: bytes | None = None

    def keep(self, folder: GuardedPath, number: int) -> Receipt:
        """Make sure that the part is in the store.

        Raises:
            LabrunError: it is not visible, or has changed on the way.
            OSError: the disk is full, or the folder cannot be written.
        """
        path = folder / part_name(number)
        if self.content is None:
            _await(path, self.receipt.size)
            return self.receipt
        if hashlib.sha256(self.content).hexdigest() != self.receipt.sha256:
            raise LabrunError(
                f"{path} was changed on its way from the worker. Run the same command again: it makes what is missing"
            )
        expect_space(path.path, len(self.content))
        with path.written() as stream:
            stream.write(self.content)
        write_receipt(folder, number, self.receipt)
        return self.receipt


def _await(path: GuardedPath, size: int) -> None:
    begun = time.monotonic()
    while not (path.is_regular() and path.status().st_size == size):
        if time.monotonic() - begun > UNSEEN:
            raise LabrunError(
                f"a worker wrote {path}, but after {UNSEEN:g} s it is not visible here: is the folder the same on both machines?"
            )
        if not is_marked(path.root):
            raise LabrunError(
                f"the store {path.root} was removed during the run. Run the same command again: it makes what is missing"
            )
        time.sleep(0.1)


def deliver_part(task: PartTask) -> Delivery:
    """Make a part in the store, or in a temporary folder if the worker does not share the store. Runs in a worker.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    if task.probe is None or task.probe.is_seen():
        return Delivery(simulate_part(task))
    with tempfile.TemporaryDirectory(dir=scratch_folder()) as folder:
        own = GuardedPath(Path(folder))
        receipt = simulate_part(replace(task, folder=own))
        return Delivery(receipt, (own / part_name(task.number)).content())


def simulate_part(task: PartTask) -> Receipt:
    """Simulate the members of a part one after the other and write them. Runs in a worker."""
    isolated = task.isolated or (task.timeout is not None and not task.keeps_time)
    return write_part(task.folder, task.number, isolated_members(task) if isolated else _members(task))


def _members(task: PartTask) -> Iterator[Simulated]:
    plugin_class = task.load()
    for i in range(len(task.members)):
        yield task.simulate(i, plugin_class)

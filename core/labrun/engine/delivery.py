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
from labrun.files.disk_space import expect_space, is_out_of_space
from labrun.files.guarded import GuardedPath
from labrun.registry.error_origin import error_origin
from labrun.registry.import_watch import watch_import
from labrun.registry.plugin_code import PluginCode
from labrun.seeds import generator
from labrun.store.parts import Failure, Receipt, part_name, write_part, write_receipt
from labrun.workers.store_probe import StoreProbe, scratch_folder

__all__ = ["Delivery", "PartTask", "deliver_part", "simulate_part"]

UNSEEN = 120.0
"""Seconds within which a file that a worker wrote must be visible here. Network file systems cache for a minute that a file is missing."""


@dataclass(frozen=True)
class PartTask:
    """Everything that a worker needs to make one part."""

    source: PluginCode
    folder: GuardedPath
    number: int
    members: list[int]
    rows: list[dict[str, Any]]
    fixed: dict[str, Any]
    seed: int
    stage: str
    draws: list[Any]
    """The source of each member's random numbers: its number, or the values of `seed_by`."""
    probe: StoreProbe | None = None
    """Shows the worker whether it shares the folder; None if it surely does."""


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
    with watch_import():  # the driver has reported what the import prints
        plugin_class: Any = task.source.load()

    def results() -> Iterator[tuple[int, Arrays] | Failure]:
        for member, row, draw in zip(task.members, task.rows, task.draws, strict=True):
            try:
                plugin = plugin_class.configured(task.fixed | row)
                arrays = simulate_member(plugin, generator(task.seed, task.stage, draw))
            except BaseException as error:  # whatever a simulator raises, the member fails, not the stage
                if is_out_of_space(error):
                    raise
                yield Failure(member, row, error_origin(plugin_class.__module__, error), traceback.format_exc())
            else:
                yield member, arrays

    return write_part(task.folder, task.number, results())

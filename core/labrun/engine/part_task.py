"""One part of a simulation, as a worker gets it, and how each of its members is simulated."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from labrun.contracts.plugin import Arrays
from labrun.engine.members import simulate_member
from labrun.files.disk_space import is_out_of_space
from labrun.files.guarded import GuardedPath
from labrun.registry.error_origin import error_origin, full_traceback
from labrun.registry.import_watch import watch_import
from labrun.registry.plugin_code import PluginCode
from labrun.seeds import generator
from labrun.store.parts import Failure
from labrun.workers.store_probe import StoreProbe

__all__ = ["PartTask", "Simulated"]

Simulated: TypeAlias = tuple[int, Arrays] | Failure
"""A member's number and arrays, or why there are none."""


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
    timeout: float | None = None
    """The most time that a member may take [s]."""
    keeps_time: bool = False
    """Whether the simulator sees to that by itself."""
    isolated: bool = False
    """Whether a process of its own simulates the members, since one of them has ended workers."""

    def load(self) -> Any:
        """Return the simulator's class."""
        with watch_import():  # the driver has reported what the import prints
            return self.source.load()

    def simulate(self, i: int, plugin_class: Any) -> Simulated:
        """Simulate member number `i` of the part. Whatever a simulator raises, the member fails, not the stage.

        Raises:
            OSError: the disk is full.
        """
        member, row, process = self.members[i], self.rows[i], os.getpid()
        try:
            with _surroundings_kept():
                plugin = plugin_class.configured(self.fixed | row)
                return member, simulate_member(plugin, generator(self.seed, self.stage, self.draws[i]))
        except BaseException as error:
            if is_out_of_space(error):
                raise
            limit = self.timeout if self.keeps_time and isinstance(error, TimeoutError) else None
            return Failure(member, row, error_origin(plugin_class.__module__, error), full_traceback(error), limit)
        finally:
            if os.getpid() != process:  # a copy that the simulator has forked, and let return
                os._exit(1)


@contextmanager
def _surroundings_kept() -> Iterator[None]:
    """Restore the working directory and the permissions of new files, which other members of this process would inherit."""
    folder = None
    with suppress(OSError):  # it has been removed
        folder = Path.cwd()
    permissions = os.umask(0o077)
    os.umask(permissions)
    try:
        yield
    finally:
        os.umask(permissions)
        if folder is not None:
            with suppress(OSError):
                os.chdir(folder)

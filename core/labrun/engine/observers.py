"""Notify observers one by one, so that one that fails is reported once and the run goes on.

They are called in the order of their registration; one that is marked `@hookimpl(trylast=True)` comes after all others, when the
report is written.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pluggy

from labrun.contracts.events import Event, RunFinished, RunStarted, StageFinished, StageProgressed, StageStarted
from labrun.faults import LabrunError
from labrun.files.disk_space import is_out_of_space

__all__ = ["Observers"]

_HOOKS: dict[type[Event], str] = {
    RunStarted: "labrun_run_started",
    StageStarted: "labrun_stage_started",
    StageProgressed: "labrun_stage_progressed",
    StageFinished: "labrun_stage_finished",
    RunFinished: "labrun_run_finished",
}


class Observers:
    """The observers that are registered with a plugin manager."""

    def __init__(self, manager: pluggy.PluginManager, complain: Callable[[str], None]) -> None:
        """`complain` is given a paragraph about an observer that failed."""
        self.complain = complain
        self.out_of_space = False
        """Whether an observer failed because the disk is full, so that the log or the report lacks something."""
        self._manager = manager
        self._failed: set[str] = set()

    def notify(self, event: Event) -> None:
        """Call the hook of this event on every observer that implements it."""
        name = _HOOKS[type(event)]
        found = getattr(self._manager.hook, name).get_hookimpls()
        for implementation in sorted(found, key=lambda one: one.trylast - one.tryfirst):
            if implementation.plugin_name in self._failed:
                continue
            try:
                implementation.function(*[event for _ in implementation.argnames])
            except (Exception, SystemExit) as error:  # an observer must not end a run
                self._failed.add(implementation.plugin_name)
                self._report(implementation.plugin_name, name, error)

    def _report(self, observer: str, hook: str, error: BaseException) -> None:
        if is_out_of_space(error):
            self.out_of_space = True
            self.complain(
                f"no space is left on the disk for '{observer}', which misses everything from now on. What was finished is kept: "
                "make room, and run the same command again"
            )
            return
        if isinstance(error, LabrunError):
            self.complain(f"the observer '{observer}' is left out from now on: {error}")
            return
        where = traceback.extract_tb(error.__traceback__)[-1]
        self.complain(
            f"the observer '{observer}' failed in {hook} and is left out from now on: "
            f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})"
        )

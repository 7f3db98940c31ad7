"""Telling observers what happens: one by one, so that one that fails is reported once and the run goes on."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pluggy

from labrun.events import Event, RunFinished, RunStarted, StageFinished, StageProgressed, StageStarted

__all__ = ["Observers"]

_HOOKS: dict[type[Event], str] = {
    RunStarted: "labrun_run_started",
    StageStarted: "labrun_stage_started",
    StageProgressed: "labrun_stage_progressed",
    StageFinished: "labrun_stage_finished",
    RunFinished: "labrun_run_finished",
}


class Observers:
    """All observers that are registered with a plugin manager, in the order of their registration."""

    def __init__(self, manager: pluggy.PluginManager, complain: Callable[[str], None]) -> None:
        """`complain` is given a paragraph about an observer that failed."""
        self._manager = manager
        self._complain = complain
        self._failed: set[object] = set()

    def tell(self, event: Event) -> None:
        """Call the hook of this event on every observer that has it."""
        name = _HOOKS[type(event)]
        for implementation in getattr(self._manager.hook, name).get_hookimpls():
            if implementation.plugin in self._failed:
                continue
            try:
                implementation.function(*[event for _ in implementation.argnames])
            except Exception as error:  # an observer must not end a run
                self._failed.add(implementation.plugin)
                where = traceback.extract_tb(error.__traceback__)[-1]
                self._complain(
                    f"the observer '{implementation.plugin_name}' failed in {name} and is left out from now on: "
                    f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})"
                )

"""Keep `run.json` up to date while a run goes on."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress

from labrun.engine.observers import Observers
from labrun.files.disk_space import is_out_of_space
from labrun.planning.plan import Plan
from labrun.records.run_folder import RunFolder

__all__ = ["MAKE_ROOM", "ProgressRecord"]

MAKE_ROOM = "What was finished is kept: make room, and run the same command again"

SPARING = 20
"""The record is written again when this many times the time that it takes has passed."""


class ProgressRecord:
    """The outcome of each stage of a run, as `run.json` shows it: `running` for the one in work, `reused` for what is known to be done."""

    def __init__(self, folder: RunFolder, plan: Plan, observers: Observers) -> None:
        self.outcomes: dict[str, str] = {}
        self.started = time.time()
        self._folder = folder
        self._plan = plan
        self._observers = observers
        self._reused: dict[str, str] = {}
        self._in_work: dict[str, str] = {}
        self._written = self._took = 0.0

    def begin(self, reused: Iterable[str]) -> None:
        """Write the record of a run that begins. From now on, `labrun gc` leaves its results alone."""
        self._reused = dict.fromkeys(reused, "reused")
        self._write_or_complain("running")

    def begin_stage(self, identifier: str) -> None:
        """Note that work on a stage begins."""
        self._in_work = {identifier: "running"}
        self._refresh()

    def end_stage(self, identifier: str, outcome: str) -> None:
        """Note how a stage ended."""
        self.outcomes[identifier] = outcome
        self._in_work = {}
        self._refresh()

    def end(self, outcome: str) -> bool:
        """Write the record of a run that is over, and say whether that could be done."""
        return self._write_or_complain(outcome)

    def _refresh(self) -> None:
        if time.monotonic() - self._written > SPARING * self._took:
            with suppress(OSError):  # which shows at the end, if it stays so
                self._write("running")

    def _write_or_complain(self, outcome: str) -> bool:
        try:
            self._write(outcome)
        except OSError as error:
            place = self._folder.path
            advice = MAKE_ROOM if is_out_of_space(error) else "What was finished is kept"
            self._observers.complain(f"cannot write the record of the run to {place}: {error.strerror}. {advice}")
            return False
        return True

    def _write(self, outcome: str) -> None:
        begun = time.monotonic()
        running = outcome == "running"
        outcomes = self._reused | self.outcomes | self._in_work if running else self.outcomes
        self._folder.record(self._plan, outcomes, outcome, self.started)
        self._written = time.monotonic()
        self._took = self._written - begun

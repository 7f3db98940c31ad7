"""Write `events.jsonl`: every event of a run as one line of JSON."""

from __future__ import annotations

import json

from labrun.contracts.events import Event, RunFinished, RunStarted, StageFinished, StageProgressed, StageStarted
from labrun.contracts.plugin import hookimpl
from labrun.files.guarded import GuardedPath

__all__ = ["EventLog"]


class EventLog:
    """Append events to the file at once, so that another program can follow it."""

    def __init__(self, path: GuardedPath) -> None:
        self.path = path

    def _write(self, event: Event) -> None:
        with self.path.opened("a", encoding="utf-8") as stream:
            stream.write(json.dumps(event.record()) + "\n")

    @hookimpl
    def labrun_run_started(self, event: RunStarted) -> None:
        self._write(event)

    @hookimpl
    def labrun_stage_started(self, event: StageStarted) -> None:
        self._write(event)

    @hookimpl
    def labrun_stage_progressed(self, event: StageProgressed) -> None:
        self._write(event)

    @hookimpl
    def labrun_stage_finished(self, event: StageFinished) -> None:
        self._write(event)

    @hookimpl
    def labrun_run_finished(self, event: RunFinished) -> None:
        self._write(event)

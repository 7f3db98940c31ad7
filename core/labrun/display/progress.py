"""The progress of a run in a notebook: one output that is redrawn, and keeps its last state when the run ends."""

from __future__ import annotations

import time
from html import escape
from pathlib import Path
from typing import Any

from labrun.amounts import counted, duration_in_words
from labrun.contracts.estimate import TimeLeft
from labrun.contracts.events import RunFinished, RunStarted, StageFinished, StageProgressed, StageStarted
from labrun.contracts.plugin import hookimpl
from labrun.display.closing import closing_lines
from labrun.display.time_left import run_left_in_words, stage_left_in_words
from labrun.faults import printable

__all__ = ["NotebookProgress"]

SECONDS_BETWEEN = 0.2
MARKS = {"done": "✓", "reused": "=", "failed": "✗", "skipped": "–", "interrupted": "!"}
SHOWN = 12
"""Finished stages that are shown: the last ones."""


class NotebookProgress:
    """A line for each finished stage, a bar for each in work, and the time that is left."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._folder = Path()
        self._stages: list[str] = []
        self._head = ""
        self._lines: list[str] = []
        self._bars: dict[str, str] = {}
        self._left = ""
        self._units: dict[str, str] = {}
        self._drawn = 0.0

    @hookimpl
    def labrun_run_started(self, event: RunStarted) -> None:
        self._folder, self._stages = Path(event.folder), event.stages
        self._head = f"<b>{escape(event.project)}</b>: {counted(len(event.stages), 'stages')}, {len(event.reused)} of them done before"
        self._left = run_left_in_words(event.left)
        self._draw()

    @hookimpl
    def labrun_stage_started(self, event: StageStarted) -> None:
        self._units[event.stage] = event.unit
        self._show(event.stage, event.done, event.total, {}, event.left)
        self._draw()

    @hookimpl
    def labrun_stage_progressed(self, event: StageProgressed) -> None:
        self._show(event.stage, event.done, event.total, event.numbers, event.left)
        if time.monotonic() - self._drawn >= SECONDS_BETWEEN:
            self._draw()

    @hookimpl
    def labrun_stage_finished(self, event: StageFinished) -> None:
        if event.message and event.outcome not in ("done", "reused"):
            detail = escape(printable(event.message))
        else:
            took = duration_in_words(event.seconds) if event.outcome == "done" else event.outcome
            detail = f'<span style="opacity:.65">{took}</span>'
        self._lines.append(f"{MARKS[event.outcome]} {escape(event.stage)} {detail}")
        self._bars.pop(event.stage, None)
        self._draw()

    @hookimpl
    def labrun_run_finished(self, event: RunFinished) -> None:
        lines = closing_lines(event, self._folder, self._stages)
        self._bars = {line: f"<div>{escape(printable(line))}</div>" for line in lines}
        self._left = ""
        self._draw()

    def _show(self, stage: str, done: int, total: int, numbers: dict[str, float], left: TimeLeft | None) -> None:
        shown = [f"{name} {value:.4g}" for name, value in numbers.items()]
        words = "  ".join(filter(None, [f"{done}/{total} {self._units[stage]}", *shown, stage_left_in_words(left)]))
        bar = f'<progress value="{done}" max="{max(total, 1)}" style="vertical-align:middle"></progress>'
        self._bars[stage] = f"<div>{escape(stage)} {bar} {escape(words)}</div>"
        self._left = run_left_in_words(left)

    def _draw(self) -> None:
        import IPython.display

        jupyter: Any = IPython.display  # has no types

        hidden = max(0, len(self._lines) - SHOWN)
        before = [f'<div style="opacity:.65">{counted(hidden, "stages")} before</div>'] if hidden else []
        lines = [f"<div>{line}</div>" for line in self._lines[hidden:]]
        left = [f'<div style="opacity:.65">{self._left}</div>'] if self._left else []
        shown = "".join([self._head, *before, *lines, *self._bars.values(), *left])
        page: Any = jupyter.HTML(f'<div style="line-height:1.5">{shown}</div>')
        if self._handle is None:
            self._handle = jupyter.display(page, display_id=True)
        else:
            self._handle.update(page)
        self._drawn = time.monotonic()

"""The progress of a run: bars in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from labrun.amounts import counted, duration_in_words, roughly_in_words
from labrun.contracts.estimate import Estimate, TimeLeft
from labrun.contracts.events import RunFinished, RunStarted, StageFinished, StageProgressed, StageStarted
from labrun.contracts.plugin import hookimpl
from labrun.display.closing import closing_lines
from labrun.display.time_left import range_in_words, run_left_in_words, stage_left_in_words
from labrun.faults import printable

__all__ = ["Closing", "Lines", "Terminal", "display_for"]

DONE = ("done", "reused")
RUN = ""
"""Stands for the run among the bars of stages."""

SECONDS_BETWEEN_LINES = 10.0
_MARKS = {
    "done": "[green]✓[/]",
    "reused": "[dim]=[/]",
    "failed": "[red]✗[/]",
    "skipped": "[yellow]-[/]",
    "interrupted": "[yellow]![/]",
}


def display_for(console: Console, *, tracebacks: bool = False) -> Terminal | Lines:
    """Return bars if the console is a terminal, else lines. With `tracebacks`, those of failed stages are shown."""
    return Terminal(console, tracebacks) if console.is_terminal else Lines(console, tracebacks)


def _numbers(event: StageProgressed) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in event.numbers.items())


class Closing:
    """The last lines of a run, and nothing before them."""

    def __init__(self, console: Console, tracebacks: bool = False) -> None:
        self._console = console
        self._tracebacks = tracebacks
        self._run: RunStarted | None = None

    def _say(self, text: str) -> None:
        self._console.print(printable(text), markup=False, highlight=False, soft_wrap=True)

    def _say_traceback(self, event: StageFinished) -> None:
        if self._tracebacks and event.outcome == "failed" and event.traceback:
            self._say(event.traceback.rstrip())

    @hookimpl
    def labrun_run_started(self, event: RunStarted) -> None:
        self._run = event

    @hookimpl
    def labrun_stage_finished(self, event: StageFinished) -> None:
        if event.outcome == "failed":
            self._say(f"{event.stage}: failed: {event.message}")
            self._say_traceback(event)

    @hookimpl
    def labrun_run_finished(self, event: RunFinished) -> None:
        if self._run is not None:
            for line in closing_lines(event, Path(self._run.folder), self._run.stages):
                self._say(line)


class Lines(Closing):
    """One line for each event, and every ten seconds one for the progress of the current stage."""

    def __init__(self, console: Console, tracebacks: bool = False) -> None:
        super().__init__(console, tracebacks)
        self._said = 0.0
        self._units: dict[str, str] = {}

    @hookimpl
    def labrun_run_started(self, event: RunStarted) -> None:
        super().labrun_run_started(event)
        workers = event.where or counted(event.workers, "workers")
        stages = counted(len(event.stages), "stages")
        self._say(f"{event.project}: {stages}, {len(event.reused)} of them done before; {workers}")
        if left := run_left_in_words(event.left):
            self._say(f"{event.project}: {left}")

    @hookimpl
    def labrun_stage_started(self, event: StageStarted) -> None:
        self._units[event.stage], self._said = event.unit, time.monotonic()
        before = f" ({event.done} done before)" if event.done else ""
        expected = f", {range_in_words(event.left.stage)}" if event.left and event.left.stage else ""
        self._say(f"{event.stage}: {event.plugin}, {counted(event.total, event.unit)}{before}{expected}")

    @hookimpl
    def labrun_stage_progressed(self, event: StageProgressed) -> None:
        if time.monotonic() - self._said >= SECONDS_BETWEEN_LINES:
            self._said = time.monotonic()
            proceeds = f"{event.stage}: {event.done}/{event.total} {self._units[event.stage]}"
            stage, run = stage_left_in_words(event.left), run_left_in_words(event.left)
            self._say("  ".join(part for part in (proceeds, stage, _numbers(event), run and f"run: {run}") if part))

    @hookimpl
    def labrun_stage_finished(self, event: StageFinished) -> None:
        detail = f" in {duration_in_words(event.seconds)}" if event.outcome == "done" else ""
        if event.message and event.outcome not in DONE:
            detail = f": {event.message}"
        self._say(f"{event.stage}: {event.outcome}{detail}")
        self._say_traceback(event)


class _Left(ProgressColumn):
    """The time until the end of a task, from its field `left`, at the time of its field `since`."""

    def render(self, task: Task) -> Text:
        left: Estimate | None = task.fields["left"]
        if left is None:
            return Text()
        seconds = left.after(time.monotonic() - task.fields["since"]).seconds
        return Text(f"about {roughly_in_words(seconds)} left", style="progress.remaining")


class Terminal(Closing):
    """A bar for the run and one for each stage in work, a line for each finished one."""

    def __init__(self, console: Console, tracebacks: bool = False) -> None:
        super().__init__(console, tracebacks)
        self._progress = Progress(
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            TimeElapsedColumn(),
            _Left(),
            TextColumn("[dim]{task.fields[numbers]}"),
            console=console,
            transient=True,
        )
        self._bars: dict[str, TaskID] = {}

    @hookimpl
    def labrun_run_started(self, event: RunStarted) -> None:
        super().labrun_run_started(event)
        self._console.print(
            f"[bold]{escape(event.project)}[/]  {counted(len(event.stages), 'stages')}, {len(event.reused)} of them done before"
        )
        if event.where:
            self._console.print(escape(event.where), highlight=False, soft_wrap=True)
        self._add_bar(RUN, "run", len(event.stages), 0, "stages")
        self._show_left(RUN, event.left)
        self._progress.start()

    @hookimpl
    def labrun_stage_started(self, event: StageStarted) -> None:
        self._add_bar(event.stage, escape(event.stage), event.total, event.done, event.unit)
        self._show_left(event.stage, event.left)

    @hookimpl
    def labrun_stage_progressed(self, event: StageProgressed) -> None:
        self._progress.update(self._bars[event.stage], completed=event.done, numbers=_numbers(event))
        self._show_left(event.stage, event.left)

    @hookimpl
    def labrun_stage_finished(self, event: StageFinished) -> None:
        if event.stage in self._bars:
            self._progress.remove_task(self._bars.pop(event.stage))
        self._progress.advance(self._bars[RUN])
        if event.message and event.outcome not in DONE:
            detail = escape(printable(event.message))
        else:
            detail = f"[dim]{duration_in_words(event.seconds) if event.outcome == 'done' else event.outcome}[/]"
        self._progress.console.print(f"{_MARKS[event.outcome]} {escape(event.stage)}  {detail}", highlight=False)
        self._say_traceback(event)

    @hookimpl
    def labrun_run_finished(self, event: RunFinished) -> None:
        self._progress.stop()
        super().labrun_run_finished(event)

    def _add_bar(self, name: str, shown: str, total: int, done: int, unit: str) -> None:
        task = self._progress.add_task(shown, total=total, completed=done, unit=unit, numbers="", left=None, since=0.0)
        self._bars[name] = task

    def _show_left(self, name: str, left: TimeLeft | None) -> None:
        """Show the time of a stage and of the run."""
        if left is None:
            return
        now = time.monotonic()
        if name != RUN:
            self._progress.update(self._bars[name], left=left.stage, since=now)
        unknown = f"without {counted(left.unknown, 'stages')} of unknown duration" if left.unknown else ""
        known = left.run if left.run.seconds or not left.unknown else None
        self._progress.update(self._bars[RUN], left=known, since=now, numbers=unknown)

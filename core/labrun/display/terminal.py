"""The progress of a run: bars in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from labrun.amounts import counted, duration_in_words
from labrun.contracts.events import RunFinished, RunStarted, StageFinished, StageProgressed, StageStarted
from labrun.contracts.plugin import hookimpl
from labrun.faults import printable

__all__ = ["Lines", "Terminal", "display_for"]

SECONDS_BETWEEN_LINES = 10.0
_MARKS = {
    "done": "[green]✓[/]",
    "reused": "[dim]=[/]",
    "failed": "[red]✗[/]",
    "skipped": "[yellow]-[/]",
    "interrupted": "[yellow]![/]",
}


def display_for(console: Console) -> Terminal | Lines:
    """Return bars if the console is a terminal, else lines."""
    return Terminal(console) if console.is_terminal else Lines(console)


def _numbers(event: StageProgressed) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in event.numbers.items())


def _ending(event: RunFinished) -> str:
    words = {"done": "finished", "failed": "stages failed", "interrupted": "interrupted"}
    return f"{words[event.outcome]} after {duration_in_words(event.seconds)}; report: {event.report}"


class Lines:
    """One line for each event, and every ten seconds one for the progress of the current stage."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said = 0.0
        self._unit = ""

    def _say(self, text: str) -> None:
        self._console.print(printable(text), markup=False, highlight=False, soft_wrap=True)

    @hookimpl
    def labrun_run_started(self, event: RunStarted) -> None:
        workers = event.where or counted(event.workers, "workers")
        stages = counted(len(event.stages), "stages")
        self._say(f"{event.project}: {stages}, {len(event.reused)} of them done before; {workers}")

    @hookimpl
    def labrun_stage_started(self, event: StageStarted) -> None:
        self._unit, self._said = event.unit, time.monotonic()
        before = f" ({event.done} done before)" if event.done else ""
        self._say(f"{event.stage}: {event.plugin}, {counted(event.total, event.unit)}{before}")

    @hookimpl
    def labrun_stage_progressed(self, event: StageProgressed) -> None:
        if time.monotonic() - self._said >= SECONDS_BETWEEN_LINES:
            self._said = time.monotonic()
            self._say(f"{event.stage}: {event.done}/{event.total} {self._unit}  {_numbers(event)}".rstrip())

    @hookimpl
    def labrun_stage_finished(self, event: StageFinished) -> None:
        after = f" in {duration_in_words(event.seconds)}" if event.outcome == "done" else ""
        detail = f": {event.message}" if event.message else after
        self._say(f"{event.stage}: {event.outcome}{detail}")

    @hookimpl
    def labrun_run_finished(self, event: RunFinished) -> None:
        self._say(_ending(event))


class Terminal:
    """A bar for the current stage, a line for each finished one."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("[dim]{task.fields[numbers]}"),
            console=console,
            transient=True,
        )

    @hookimpl
    def labrun_run_started(self, event: RunStarted) -> None:
        self._console.print(
            f"[bold]{escape(event.project)}[/]  {counted(len(event.stages), 'stages')}, {len(event.reused)} of them done before"
        )
        if event.where:
            self._console.print(escape(event.where), highlight=False, soft_wrap=True)
        self._progress.start()

    @hookimpl
    def labrun_stage_started(self, event: StageStarted) -> None:
        self._clear()
        self._progress.add_task(
            escape(event.stage), total=event.total, completed=event.done, unit=event.unit, numbers=""
        )

    @hookimpl
    def labrun_stage_progressed(self, event: StageProgressed) -> None:
        for task in self._progress.task_ids:
            self._progress.update(task, completed=event.done, numbers=_numbers(event))

    @hookimpl
    def labrun_stage_finished(self, event: StageFinished) -> None:
        self._clear()
        detail = escape(printable(event.message)) or (
            f"[dim]{duration_in_words(event.seconds)}[/]" if event.outcome == "done" else f"[dim]{event.outcome}[/]"
        )
        self._progress.console.print(f"{_MARKS[event.outcome]} {escape(event.stage)}  {detail}", highlight=False)

    @hookimpl
    def labrun_run_finished(self, event: RunFinished) -> None:
        self._progress.stop()
        self._console.print(escape(_ending(event)), highlight=False, soft_wrap=True)

    def _clear(self) -> None:
        for task in list(self._progress.task_ids):
            self._progress.remove_task(task)

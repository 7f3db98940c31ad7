"""What a person sees: plain lines where output is no terminal, bars where it is."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from labrun.contracts.events import RunFinished, RunStarted, StageFinished, StageProgressed, StageStarted
from labrun.display import terminal as display


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=60)


def show(console: Console, outcome: str = "done", message: str = "") -> str:
    shown = display.display_for(console)
    shown.labrun_run_started(RunStarted(0, "waves", "runs/waves", ["simulations.[a]"], [], 2))
    shown.labrun_stage_started(StageStarted(0, "simulations.[a]", "wave", "key", "members", 10, 4))
    shown.labrun_stage_progressed(StageProgressed(0, "simulations.[a]", 7, 10, {"loss": 0.123456}))
    shown.labrun_stage_finished(StageFinished(0, "simulations.[a]", outcome, 83.2, message))  # type: ignore[arg-type]
    ending = outcome if outcome in ("done", "failed", "interrupted") else "done"
    shown.labrun_run_finished(RunFinished(0, ending, 4020, "runs/waves/report.html"))  # type: ignore[arg-type]
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_lines(console):
    assert show(console).splitlines() == [
        "waves: 1 stage, 0 of them done before; 2 workers",
        "simulations.[a]: wave, 10 members (4 done before)",
        "simulations.[a]: done in 1 min 23 s",
        "finished after 1 h 07 min",
        "report: runs/waves/report.html",
    ]


def test_progress_is_a_line_every_ten_seconds(console, monkeypatch):
    monkeypatch.setattr(display, "SECONDS_BETWEEN_LINES", 0)
    assert "simulations.[a]: 7/10 members  loss 0.1235" in show(console).splitlines()


def test_what_went_wrong_is_one_line_that_is_not_wrapped(console):
    message = "the plugin 'wave' raised ValueError: " + "no luck " * 20 + "[bold]"
    assert f"simulations.[a]: failed: {message}" in show(console, "failed", message).splitlines()


@pytest.mark.parametrize(
    ("outcome", "ending"),
    [
        ("failed", "stages failed after 1 h 07 min\nreport: "),
        ("interrupted", "interrupted after 1 h 07 min\nreport: "),
    ],
)
def test_ending(console, outcome, ending):
    assert ending in show(console, outcome)


@pytest.mark.parametrize("outcome", ["done", "reused", "failed", "skipped", "interrupted"])
def test_terminal_shows_names_and_outcomes(outcome):
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    text = show(console, outcome, "a message with [brackets]" if outcome == "failed" else "")
    assert "simulations.[a]" in text
    assert "report: runs/waves/report.html" in text
    assert ("a message with [brackets]" in text) == (outcome == "failed")

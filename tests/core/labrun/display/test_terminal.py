"""What a person sees: plain lines where output is no terminal, bars where it is."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from labrun.contracts.estimate import Estimate, TimeLeft
from labrun.contracts.events import RunFinished, RunStarted, StageFinished, StageProgressed, StageStarted
from labrun.display import terminal as display
from labrun.display import time_left


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


LEFT = TimeLeft(Estimate(40, 30, 55), Estimate(200, 150, 340), 2)


def events(stage="models.net"):
    """A run with two stages, one of which proceeds."""
    yield "labrun_run_started", RunStarted(0, "waves", "runs/waves", [stage, "analyses.a"], [], 2, left=LEFT)
    yield "labrun_stage_started", StageStarted(0, stage, "line", "key", "epochs", 10, 0, left=LEFT)
    yield "labrun_stage_progressed", StageProgressed(0, stage, 3, 10, {"loss": 0.5}, left=LEFT)


def test_lines_show_the_time_that_is_left(console, monkeypatch):
    monkeypatch.setattr(display, "SECONDS_BETWEEN_LINES", 0)
    shown = display.display_for(console)
    for hook, event in events():
        getattr(shown, hook)(event)
    assert console.file.getvalue().splitlines()[1:] == [
        "waves: about 3 min 20 s (2 min 30 s to 6 min) left, without 2 stages of unknown duration",
        "models.net: line, 10 epochs, about 40 s (30 s to 1 min)",
        "models.net: 3/10 epochs  about 40 s left  loss 0.5  "
        "run: about 3 min 20 s (2 min 30 s to 6 min) left, without 2 stages of unknown duration",
    ]


def test_terminal_shows_the_time_that_is_left(monkeypatch):
    console = Console(file=io.StringIO(), width=160, force_terminal=True, color_system=None)
    shown = display.Terminal(console)
    for hook, event in events():
        getattr(shown, hook)(event)
    shown._progress.refresh()
    shown._progress.stop()
    text = console.file.getvalue()
    assert "about 40 s left" in text
    assert "about 3 min 20 s left" in text
    assert "without 2 stages of unknown duration" in text
    assert "loss 0.5" in text


def test_nothing_is_said_of_what_is_not_known(console):
    assert time_left.run_left_in_words(TimeLeft(None, Estimate(0, 0, 0), 3)) == ""
    assert time_left.run_left_in_words(TimeLeft(None, Estimate(3, 3, 3), 0)) == "about 3 s left"
    assert time_left.stage_left_in_words(TimeLeft(None, Estimate(3, 3, 3), 0)) == ""

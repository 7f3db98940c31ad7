"""`events.jsonl`: one line of JSON for each event, there at once."""

from __future__ import annotations

import json

import pluggy
import pytest

from labrun.contracts import hookspecs
from labrun.contracts.events import RunFinished, RunStarted, StageFinished, StageProgressed, StageStarted
from labrun.engine.eventlog import EventLog
from labrun.engine.observers import Observers
from labrun.files.guarded import GuardedPath

EVENTS = [
    RunStarted(0.0, "waves", "runs/waves", ["simulations.a"], [], 2),
    StageStarted(0.1, "simulations.a", "wave", "key", "members", 2, 0),
    StageProgressed(0.2, "simulations.a", 2, 2),
    StageFinished(0.3, "simulations.a", "failed", 0.2, "two\nlines – and a dash", "Traceback"),
    RunFinished(0.4, "failed", 0.4, "runs/waves/report.html"),
]


def test_every_event_is_a_line_at_once(tmp_path):
    manager = pluggy.PluginManager("labrun")
    manager.add_hookspecs(hookspecs)
    manager.register(EventLog(GuardedPath(tmp_path) / "events.jsonl"))
    observers = Observers(manager, pytest.fail)
    for number, event in enumerate(EVENTS, 1):
        observers.notify(event)
        assert len((tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()) == number
    lines = (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [event.record() for event in EVENTS]

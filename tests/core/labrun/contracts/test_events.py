"""Events are plain records."""

from __future__ import annotations

import json

from labrun.contracts.estimate import Estimate, TimeLeft
from labrun.contracts.events import RunFinished, StageProgressed


def test_record_is_json_with_the_name_of_the_event():
    event = StageProgressed(12.5, "models.net", 3, 10, {"loss": 0.25})
    assert json.loads(json.dumps(event.record())) == {
        "event": "StageProgressed",
        "time": 12.5,
        "stage": "models.net",
        "done": 3,
        "total": 10,
        "numbers": {"loss": 0.25},
        "left": None,
    }


def test_time_that_is_left_is_part_of_the_record():
    left = TimeLeft(None, Estimate(3.0, 2.0, 5.0), 1)
    record = StageProgressed(12.5, "models.net", 3, 10, left=left).record()
    assert record["left"] == {"stage": None, "run": {"seconds": 3.0, "low": 2.0, "high": 5.0}, "unknown": 1}


def test_events_compare_by_value():
    assert RunFinished(1.0, "done", 2.0) == RunFinished(1.0, "done", 2.0)

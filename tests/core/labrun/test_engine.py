"""Running a plan: the events of a run, in order."""

from __future__ import annotations

import json
from pathlib import Path


def test_events_of_a_run(write_project, waves, labrun):
    words = ("run", write_project(waves), "--only", "analyses.spread", "--workers", 1)
    assert labrun(*words).code == 0
    events = [json.loads(line) for line in Path("runs/waves/events.jsonl").read_text().splitlines()]
    assert [(e["event"], e.get("stage")) for e in events if e["event"] != "StageProgressed"] == [
        ("RunStarted", None),
        ("StageStarted", "simulations.train"),
        ("StageFinished", "simulations.train"),
        ("StageStarted", "analyses.spread"),
        ("StageFinished", "analyses.spread"),
        ("RunFinished", None),
    ]
    assert [e["done"] for e in events if e["event"] == "StageProgressed"] == [1, 2, 3, 4, 5, 6]
    assert [e["time"] for e in events] == sorted(e["time"] for e in events)
    assert events[-1]["outcome"] == "done"
    assert Path(events[-1]["report"]).exists()
    assert labrun(*words).code == 0
    again = [json.loads(line) for line in Path("runs/waves/events.jsonl").read_text().splitlines()][len(events) :]
    assert again[0]["reused"] == ["simulations.train", "analyses.spread"]
    assert [e["outcome"] for e in again if e["event"] == "StageFinished"] == ["reused", "reused"]


def test_fresh_makes_the_same_once_more(write_project, waves, labrun):
    words = ("run", write_project(waves), "--only", "analyses.spread", "--workers", 1)
    assert labrun(*words).code == 0
    first = Path("runs/waves/simulations/train/parts/000000.h5").read_bytes()
    done = labrun(*words, "--fresh")
    assert "simulations.train: wave, 6 members" in done.out
    assert Path("runs/waves/simulations/train/parts/000000.h5").read_bytes() == first

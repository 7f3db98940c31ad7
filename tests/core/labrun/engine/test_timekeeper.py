"""The time that is left, of stages whose pace the test makes up."""

from __future__ import annotations

import pytest

from labrun.contracts.estimate import Estimate
from labrun.engine import timekeeper
from labrun.engine.timekeeper import Pace, Timekeeper
from labrun.planning.plan import make_plan
from labrun.project.load import load


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def clock(monkeypatch):
    """The time [s], which the test sets."""
    now = [100.0]
    monkeypatch.setattr(timekeeper, "monotonic", lambda: now[0])
    return now


def test_steady_pace():
    """Five seconds until the first epoch, then two for each of ten."""
    pace = Pace(Estimate(40, 30, 50), 0, 10, now=0)
    assert pace.left(4) == Estimate(36, 26, 46)
    pace.mark(1, now=7)
    assert (pace.each, pace.left(7)) == (None, Estimate(33, 23, 43))
    pace.mark(2, now=9)
    pace.mark(3, now=11)
    assert pace.each == Estimate(2, 2, 2)
    assert pace.left(11) == Estimate(14, 14, 14)
    assert pace.left(12) == Estimate(13, 13, 13)  # the next is half done
    pace.mark(10, now=25)
    assert pace.left(25) == Estimate(0, 0, 0)


def test_uneven_pace_has_a_range():
    pace = Pace(None, 0, 10, now=0)
    assert pace.left(3) is None
    for done, now in ((1, 1), (2, 2), (3, 5), (4, 6), (5, 9)):
        pace.mark(done, now)
    left = pace.left(9)
    assert left.seconds == 5 * 2
    assert left.low < left.seconds < left.high


def test_parts_that_come_at_once_and_what_was_done_before():
    """Two workers bring a part of four members each at the same time."""
    pace = Pace(None, 100, 200, now=0)
    for done, now in ((104, 8), (108, 8), (112, 16), (116, 16), (120, 24)):
        pace.mark(done, now)
    assert pace.left(24).seconds == pytest.approx(80)


def test_of_a_long_stage_the_last_steps_count():
    pace = Pace(None, 0, 1000, now=0)
    for epoch in range(200):
        pace.mark(epoch + 1, now=10 * epoch)
    for epoch in range(60):
        pace.mark(epoch + 201, now=2000 + epoch)
    assert pace.left(2059) == Estimate(740, 740, 740)


def test_run_learns_from_its_stages(write_project, waves, tmp_path, clock):
    """Two networks of one kind: the time of the second is known as soon as the first has ended."""
    two = waves.replace("use: line\n", "use: line\n    matrix: {fit.seed: [0, 1]}\n")
    plan = make_plan(load(write_project(two)), tmp_path / "runs/.store")
    first, second = (plan.stages[f"models.net[seed={seed}]"] for seed in (0, 1))
    keeper = Timekeeper(plan, 2)
    left = keeper.begin([])
    assert (left.run, left.unknown) == (Estimate(0, 0, 0), 6)
    assert keeper.begin_stage(first, 0, 2).unknown == 6
    clock[0] += 5
    keeper.progress(first, 1)
    clock[0] += 2
    left = keeper.progress(first, 2)
    assert (left.stage.seconds, left.unknown) == (0, 5)
    clock[0] += 1
    keeper.end_stage(first, "done")
    assert keeper.begin_stage(second, 0, 2).stage.seconds == 8
    left = keeper.progress(second, 1)
    assert (left.run.seconds, left.unknown) == (8, 4)


def test_stage_that_failed_teaches_nothing(write_project, waves, tmp_path, clock):
    plan = make_plan(load(write_project(waves)), tmp_path / "runs/.store")
    spread = plan.stages["analyses.spread"]
    keeper = Timekeeper(plan, 2)
    keeper.begin(["simulations.train"])
    for outcome in ("failed", "interrupted"):
        keeper.begin_stage(spread, 0, 1)
        clock[0] += 5
        keeper.end_stage(spread, outcome)
    keeper.end_stage(plan.stages["analyses.losses"], "skipped")
    assert not (tmp_path / "cache/labrun/times").exists()

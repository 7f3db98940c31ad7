"""What a member costs: its arrays are of known size, and what a disk cannot hold is refused."""

from __future__ import annotations

import math
import re

import pytest

from labrun.engine import costs
from labrun.engine.costs import measured_cost, require_disk, spread_members
from labrun.faults import LabrunError
from labrun.planning.costs import Cost, known_cost, members_left
from labrun.planning.plan import make_plan
from labrun.project.load import load

PLUGIN = '''
import os, time
from typing import ClassVar
import numpy as np
from labrun import Field, Simulator, hookimpl

class Block(Simulator):
    """A block of memory."""
    name: ClassVar[str] = "block"
    size: int = Field(description="bytes")
    fault: str = Field("none", description="what goes wrong")
    def simulate(self, rng):
        if self.fault == "raise":
            raise ValueError("no solution")
        if self.fault == "die":
            os._exit(9)
        time.sleep(0.1)
        spare = np.ones(2 * self.size, np.uint8)
        return {"u": rng.integers(0, 256, self.size, np.uint8), "v": spare[:0]}

@hookimpl
def labrun_simulators(): return [Block]
'''


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def make(tmp_path):
    def make(sweep: str, config: str = ""):
        (tmp_path / "plugin.py").write_text(PLUGIN)
        text = f"project: blocks\nplugins: [plugin.py]\nsimulations:\n  s: {{use: block, with: {{{config}}}, sweep: {sweep}}}\n"
        (tmp_path / "blocks.yaml").write_text(text)
        plan = make_plan(load(tmp_path / "blocks.yaml"), tmp_path / "runs/.store")
        return plan, plan.stages["simulations.s"]

    return make


def test_members_from_all_over_the_sweep_are_measured(make):
    plan, stage = make("{grid: {size: [0, 20000000, 40000000]}}")
    assert known_cost(stage) is None
    cost = measured_cost(plan, stage.stage, 20.0)
    assert 20_000_000 < cost.disk < 20_100_000  # the mean of the three; noise cannot be compressed
    assert 0.1 < cost.low <= cost.seconds <= cost.high
    assert cost.memory > 60_000_000
    assert known_cost(stage) == cost
    assert members_left(plan, stage) == 3
    assert not plan.store.root.exists()


@pytest.mark.parametrize("size", [1, 3, 8, 9, 25, 100, 121, 10_000])
def test_members_are_spread_over_a_sweep(size):
    """Also over both axes of a square grid: the middle of each row would be the same column."""
    members = spread_members(size)
    assert len(members) == len(set(members)) >= min(size, 7)
    assert all(0 <= member < size for member in members)
    side = math.isqrt(size)
    if size > 8:
        assert all(sum(part * size <= 4 * m < (part + 1) * size for m in members) for part in range(4))
    if side**2 == size >= 25:
        assert len({member % side for member in members}) >= 4


def test_damaged_memory_is_none(make, tmp_path):
    plan, stage = make("{grid: {size: [5]}}")
    measured_cost(plan, stage.stage, 20.0)
    (file,) = (tmp_path / "cache").rglob("*.json")
    for content in ("", "[]", "{}", '{"seconds": 1}'):
        file.write_text(content)
        assert known_cost(stage) is None


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("raise", "simulations.s: member 0 failed: ValueError: no solution"),
        ("die", "simulations.s: member 0 ({'size': 5}) killed its process"),
    ],
)
def test_a_member_that_fails(make, fault, message):
    plan, stage = make("{grid: {size: [5]}}", f"fault: {fault}")
    with pytest.raises(LabrunError) as caught:
        measured_cost(plan, stage.stage, 20.0)
    assert re.sub(r" \(\S+plugin\.py:\d+\)", "", str(caught.value)) == message


def test_what_the_disk_cannot_hold(make, monkeypatch):
    plan, _ = make("{grid: {size: [5, 6]}}")
    require_disk(plan)  # nothing is known
    monkeypatch.setattr(costs, "known_cost", lambda planned: Cost(1.0, 1.0, 1.0, 1.0, 3 * 10**9, 10**8))
    monkeypatch.setattr(costs, "free_space", lambda folder: 5 * 10**9)
    with pytest.raises(LabrunError) as caught:
        require_disk(plan)
    assert str(caught.value) == (
        "the disk cannot hold what this project simulates: simulations.s (6.0 GB), but 5.0 GB are free where "
        f"{plan.store.root} lies. Make room, choose a folder on another disk by --runs, or simulate fewer members"
    )


def test_what_is_there_needs_no_room(make, labrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make("{grid: {size: [5, 6]}}")
    assert labrun("run", "blocks.yaml").code == 0
    plan, stage = make("{grid: {size: [5, 6]}}")
    assert members_left(plan, stage) == 0
    monkeypatch.setattr(costs, "known_cost", lambda planned: Cost(1.0, 1.0, 1.0, 1.0, 10**18, 10**8))
    require_disk(plan)
    assert labrun("plan", "blocks.yaml").out.splitlines()[1].split("\t")[3:6] == ["done", "", ""]

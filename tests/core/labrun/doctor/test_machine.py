"""Cores, memory, threads, pictures."""

import pytest

from labrun.contracts.threads import ONE_THREAD
from labrun.doctor import machine
from labrun.doctor.machine import check_machine
from labrun.workers.pool import available_cores


@pytest.fixture(autouse=True)
def no_limits(monkeypatch):
    for name in ONE_THREAD:
        monkeypatch.delenv(name, raising=False)


def told():
    return {check.name: check for check in check_machine()}


def test_sound(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "_CGROUP", tmp_path / "none")
    found = told()
    assert list(found) == ["cores", "memory", "threads", "pictures"]
    assert {check.state for check in found.values()} == {"ok"}
    assert found["cores"].found.startswith(str(available_cores()))


def test_a_job_with_little_memory(monkeypatch, tmp_path):
    limit = tmp_path / "memory.max"
    limit.write_text("1500000000\n")
    monkeypatch.setattr(machine, "_CGROUP", limit)
    check = told()["memory"]
    assert (check.state, check.found) == ("warn", "1.5 GB, the limit of this job or container")


@pytest.mark.parametrize(("value", "state"), [("1", "ok"), ("0", "warn"), ("many", "warn"), ("10000", "warn")])
def test_threads(monkeypatch, value, state):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    check = told()["threads"]
    assert check.state == state
    assert check.found.startswith(f"OMP_NUM_THREADS={value}")
    assert ("unset OMP_NUM_THREADS" in check.advice) == (state == "warn")


def test_matplotlib_that_cannot_draw(monkeypatch):
    def refuse(*_):
        raise RuntimeError("no fonts")

    monkeypatch.setattr("matplotlib.figure.Figure.text", refuse)
    check = told()["pictures"]
    assert (check.state, check.found) == ("fail", "Matplotlib cannot draw: no fonts")

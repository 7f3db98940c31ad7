"""A run that is asked to stop: what is in hand is finished if it can be, what was done is kept, and it says how to go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labrun.workers.interruption import Interruption

PLUGIN = '''
import time
from typing import ClassVar
from labrun import Arrays, Field, Simulator, hookimpl

class Sleeper(Simulator):
    """Does nothing for some time."""
    name: ClassVar[str] = "sleeper"
    seconds: float = Field(description="of sleep [s]")
    def simulate(self, rng):
        time.sleep(self.seconds)
        return {"u": rng.random(3)}

@hookimpl
def labrun_simulators(): return [Sleeper]
'''

PROJECT = """
project: sleep
plugins: [plugin.py]
simulations:
  nights: {{use: sleeper, sweep: {{grid: {{seconds: {seconds}}}, repeats: 6}}}}
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "plugin.py").write_text(PLUGIN)
    return tmp_path


def _stopped(folder: Path, seconds: float, number: signal.Signals, *more: str) -> tuple[int, str, int]:
    """Run the project, send a signal to all its processes when its first part is done (or soon, if that takes longer); the exit code, what
    was printed, and how many parts are there."""
    (folder / "sleep.yaml").write_text(PROJECT.format(seconds=seconds))
    words = [sys.executable, "-m", "labrun", "sleep.yaml", "--workers", "1", *more]
    process = subprocess.Popen(
        words, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    log = folder / "runs/sleep/events.jsonl"
    awaited = "StageProgressed" if seconds < 10 else "StageStarted"
    while not (log.exists() and awaited in log.read_text()):
        time.sleep(0.05)
    time.sleep(0.3 if seconds < 10 else 2)  # something is in hand
    os.killpg(process.pid, number)
    out, _ = process.communicate(timeout=60)
    return process.returncode, out, len(list((folder / "runs/.store").glob("simulations/*/parts/*.h5")))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_what_is_in_hand_is_finished(folder, number, code):
    returned, out, parts = _stopped(folder, 1.0, number)
    assert returned == code, out
    assert 2 <= parts <= 4  # the second, and those that the worker had been handed; not all
    assert "stopping: current tasks have 30 s to finish; press Ctrl-C again to stop at once\n" in out
    assert f"simulations.nights: interrupted: {parts} of 6 members are kept\n" in out
    assert out.endswith("to continue: labrun sleep.yaml --workers 1\n")
    assert "Traceback" not in out
    record = json.loads((folder / "runs/sleep/run.json").read_text())
    assert record["outcome"] == "interrupted"
    assert record["stages"]["simulations.nights"]["outcome"] == "interrupted"
    done = subprocess.run(
        [sys.executable, "-m", "labrun", "sleep.yaml"], cwd=folder, capture_output=True, text=True, check=True
    )
    assert f"6 members ({parts} done before)" in done.stdout


@pytest.mark.parametrize("grace", ["0.5", "0"])
def test_what_takes_too_long_is_dropped(folder, grace):
    begun = time.monotonic()
    code, out, parts = _stopped(folder, 600.0, signal.SIGTERM, "--grace", grace, "--fresh")
    assert (code, parts) == (143, 0)
    assert time.monotonic() - begun < 50
    assert out.endswith(f"to continue: labrun sleep.yaml --workers 1 --grace {grace}\n")  # not --fresh
    assert "Traceback" not in out


def test_the_second_signal_stops_at_once():
    said: list[str] = []
    with Interruption(60, said.append) as interruption:
        interruption.check()
        os.kill(os.getpid(), signal.SIGTERM)
        assert (interruption.requested, interruption.signal) == (True, signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            interruption.check()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert len(said) == 1


def test_time_that_was_granted_runs_out():
    with Interruption(0.05, lambda text: None):
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            time.sleep(5)


def test_afterwards_signals_mean_what_they_meant_before():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)]
    with Interruption(0.2, lambda text: None) as interruption:
        os.kill(os.getpid(), signal.SIGTERM)
        interruption.settle()
        time.sleep(0.3)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)] == before

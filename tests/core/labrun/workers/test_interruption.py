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
from tests.waiting import HANG, wait_until

from labrun.workers.interruption import Interruption

PLUGIN = '''
import time
from pathlib import Path
from typing import ClassVar
from labrun import Field, Simulator, hookimpl

class Gate(Simulator):
    """Notes that a member has begun, and waits until as many members may end."""
    name: ClassVar[str] = "gate"
    folder: str = Field(description="folder of `begun` and `may_end`, a line a member each")
    def simulate(self, rng):
        begun, may_end = Path(self.folder, "begun"), Path(self.folder, "may_end")
        with begun.open("a") as stream:
            stream.write("x")
        number = len(begun.read_text())
        while len(may_end.read_text()) < number:
            time.sleep(0.02)
        return {"u": rng.random(3)}

@hookimpl
def labrun_simulators(): return [Gate]
'''

PROJECT = """
project: sleep
plugins: [plugin.py]
simulations:
  nights: {{use: gate, with: {{folder: "{folder}"}}, sweep: {{repeats: 6}}}}
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "plugin.py").write_text(PLUGIN)
    (tmp_path / "sleep.yaml").write_text(PROJECT.format(folder=tmp_path))
    (tmp_path / "begun").touch()
    return tmp_path


def _stopped(folder: Path, finished: int, number: signal.Signals, *more: str) -> tuple[int, str, int]:
    """Run the project, and send a signal to all its processes when `finished` members are done and the next has begun.

    From the answer to the signal on, members may end if the first one could. Returns the exit code, the output, and the number of parts.
    """
    (folder / "may_end").write_text("x" * finished)
    words = [sys.executable, "-m", "labrun", "sleep.yaml", "--workers", "1", *more]
    process = subprocess.Popen(
        words, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    parts = folder / "runs/.store/simulations"
    wait_until(lambda: len((folder / "begun").read_text()) > finished, f"the start of member {finished + 1}")
    wait_until(lambda: len([*parts.glob("*/parts/*.json")]) == finished, f"the end of {finished} members")
    os.killpg(process.pid, number)
    assert process.stdout is not None
    out = ""
    while "stopping: " not in out and (line := process.stdout.readline()):
        out += line
    if finished:
        (folder / "may_end").write_text("x" * 6)
    out += process.communicate(timeout=HANG)[0]
    return process.returncode, out, len(list(parts.glob("*/parts/*.h5")))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_what_is_in_hand_is_finished(folder, number, code):
    returned, out, parts = _stopped(folder, 1, number, "--grace", "600")
    assert returned == code, out
    assert 2 <= parts <= 4  # the second, and those that the worker had been handed; not all
    assert "stopping: current tasks have 600 s to finish; press Ctrl-C again to stop at once\n" in out
    assert f"simulations.nights: interrupted: {parts} of 6 members are kept\n" in out
    assert out.endswith("to continue: labrun sleep.yaml --workers 1 --grace 600\n")
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
    code, out, parts = _stopped(folder, 0, signal.SIGTERM, "--grace", grace, "--fresh")
    assert (code, parts) == (143, 0)
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
            time.sleep(HANG)


def test_afterwards_signals_mean_what_they_meant_before():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)]
    with Interruption(0.2, lambda text: None) as interruption:
        os.kill(os.getpid(), signal.SIGTERM)
        interruption.settle()
        time.sleep(0.3)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)] == before

"""Simulators that misbehave: each member fails by itself, the others are finished, and the run ends."""

from __future__ import annotations

import json
import os
import signal
import sys

import pytest
from tests.core.labrun.engine.test_kill import processes, running
from tests.waiting import HANG, wait_until

PLUGIN = '''
import os, threading, time
from typing import ClassVar
import numpy as np
from labrun import Field, Simulator, hookimpl

class Unpicklable(BaseException):
    def __reduce__(self): raise RuntimeError("no")

class Bad(Simulator):
    """Misbehaves."""
    name: ClassVar[str] = "bad"
    how: str = Field("well", description="what it does")
    def simulate(self, rng):
        if self.how == "leave": raise GeneratorExit
        if self.how == "unpicklable": raise Unpicklable("x")
        if self.how == "move": os.makedirs("work", exist_ok=True); os.chdir("work")
        if self.how == "thread": threading.Thread(target=time.sleep, args=(100_000,)).start()
        return {"u": np.ones(3)}

@hookimpl
def labrun_simulators(): return [Bad]
'''
PROJECT = """\
project: bad
plugins: [bad.py]
simulations:
  s: {use: bad, failures: skip, sweep: {grid: {how: [move, leave, unpicklable, thread, well]}}}
"""


def test_each_member_fails_by_itself_and_the_run_ends(labrun_process, tmp_path):
    """What changes the working directory does not make members land elsewhere; a thread that goes on does not keep the run."""
    (tmp_path / "bad.py").write_text(PLUGIN)
    (tmp_path / "project.yaml").write_text(PROJECT)
    done = labrun_process("run", "project.yaml", "--workers", 1)
    assert done.code == 0, done
    manifest = next((tmp_path / "runs/.store/simulations").glob("*/manifest.json"))
    failures = json.loads(manifest.read_text())["notes"]["failures"]
    assert [failure["member"] for failure in failures] == [1, 2]
    assert [failure["error"].split()[0].rpartition(".")[2] for failure in failures] == ["GeneratorExit", "Unpicklable:"]
    assert not list((tmp_path / "work").rglob("*"))


IN_THE_DRIVER = '''
import threading, time
from typing import ClassVar
import numpy as np
from labrun import Analysis, Dataset, Ensemble, Examples, Field, Findings, Simulator, hookimpl

def wait():
    while True: time.sleep(0.01)

class Still(Simulator):
    """Ones."""
    name: ClassVar[str] = "still"
    def simulate(self, rng):
        print("in a worker")
        return {"u": np.ones(3)}

class Threads(Dataset):
    """Leaves a thread behind."""
    name: ClassVar[str] = "threads"
    def examples(self, simulation: Ensemble) -> Examples:
        threading.Thread(target=wait, name="of the dataset").start()
        return Examples(lambda i: np.ones((len(i), 3)), lambda i: np.ones(len(i)), np.arange(4))

class Joins(Analysis):
    """Leaves a thread behind, or waits for it, or raises what is not an Exception."""
    name: ClassVar[str] = "joins"
    how: str = Field("leave", description="what it does")
    def analyse(self, simulation: Ensemble) -> Findings:
        print("in the driver")
        if self.how == "raise": raise GeneratorExit
        if self.how == "print": return Findings({"members": len(simulation)})
        thread = threading.Thread(target=wait, name="of the analysis")
        thread.start()
        if self.how == "join":
            open("joining", "w").close()
            thread.join()
        return Findings({"members": len(simulation)})

@hookimpl
def labrun_simulators(): return [Still]
@hookimpl
def labrun_datasets(): return [Threads]
@hookimpl
def labrun_analyses(): return [Joins]
'''
DRIVER_PROJECT = """\
project: bad
plugins: [bad.py]
simulations: {s: {use: still}}
datasets: {d: {use: threads, from: s}}
analyses: {a: {use: joins, from: s, with: {how: HOW}}}
"""


def write_driver_project(folder, how):
    (folder / "bad.py").write_text(IN_THE_DRIVER)
    (folder / "project.yaml").write_text(DRIVER_PROJECT.replace("HOW", how))


def test_threads_that_plugins_leave_in_the_driver_do_not_keep_the_run(labrun_process, tmp_path):
    write_driver_project(tmp_path, "leave")
    done = labrun_process("run", "project.yaml", "--workers", 1)
    assert done.code == 0, done
    assert done.err.endswith(
        "threads of a plugin that had not ended were dropped: 'of the dataset', 'of the analysis'\n"
    )
    assert json.loads((tmp_path / "runs/bad/run.json").read_text())["outcome"] == "done"


def test_what_plugins_print_is_not_in_the_json_of_a_run(labrun_process, tmp_path):
    write_driver_project(tmp_path, "print")
    done = labrun_process("run", "project.yaml", "--workers", 1, "--json")
    assert json.loads(done.out)["outcome"] == "done"
    assert "in a worker\n" in done.err
    assert "in the driver\n" in done.err


def test_an_analysis_that_raises_what_is_not_an_exception_fails_alone(labrun_process, tmp_path):
    write_driver_project(tmp_path, "raise")
    done = labrun_process("run", "project.yaml", "--workers", 1)
    assert done.code == 1
    assert "analyses.a: failed: the plugin 'joins' raised GeneratorExit (" in done.out
    assert "datasets.d: done" in done.out


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize(("grace", "signals"), [("0.2", 1), ("600", 2)])
def test_an_analysis_that_waits_for_an_endless_thread_is_interrupted(tmp_path, grace, signals):
    """When the grace period is over, or at the second Ctrl-C."""
    write_driver_project(tmp_path, "join")
    mark = f"join-{os.getpid()}-{signals}"
    words = [sys.executable, "-m", "labrun", "run", "project.yaml", "--workers", "1", "--grace", grace]
    with running(tmp_path, *words, mark=mark) as process:
        wait_until((tmp_path / "joining").exists, "the wait for the thread")
        for _ in range(signals):
            os.killpg(process.pid, signal.SIGINT)
            wait_until(lambda: "press Ctrl-C again" in (tmp_path / "out.txt").read_text(), "the first request")
        assert process.wait(HANG) == 130
    wait_until(lambda: not processes(mark), "the end of all processes")
    out = (tmp_path / "out.txt").read_text()
    assert "analyses.a: interrupted" in out
    assert "Traceback" not in out

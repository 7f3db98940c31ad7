"""Simulators that misbehave: each member fails by itself, the others are finished, and the run ends."""

from __future__ import annotations

import json

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

"""Code that a plugin rests on is changed between two runs: what is made again, and what `labrun why` says."""

from __future__ import annotations

from pathlib import Path

import h5py
import pytest

PLUGIN = """
import numpy as np
from labrun import Analysis, Ensemble, Findings, Simulator, hookimpl
from factors import FACTOR

class Helped(Simulator):
    '''Uses a helper.'''
    name = "helped"
    a: float = 1.0
    def simulate(self, rng):
        return {"u": np.full(4, self.a * FACTOR)}

class Mean(Analysis):
    '''Uses a package beside it, when it runs.'''
    name = "mean"
    def analyse(self, simulation: Ensemble) -> Findings:
        from words.averages import average
        return Findings(metrics={"mean": average(simulation.array("u"))})

@hookimpl
def labrun_simulators():
    return [Helped]

@hookimpl
def labrun_analyses():
    return [Mean]
"""

ALONE = """
from labrun import Analysis, Ensemble, Findings, hookimpl

class Alone(Analysis):
    '''Uses nothing.'''
    name = "alone"
    def analyse(self, simulation: Ensemble) -> Findings:
        return Findings(metrics={"members": len(simulation)})

@hookimpl
def labrun_analyses():
    return [Alone]
"""

PROJECT = """
project: helped
plugins: [plugin.py, alone.py]
simulations:
  s: {use: helped, sweep: {grid: {a: [1, 2]}}}
analyses:
  mean: {use: mean, from: s}
  alone: {use: alone, from: s}
"""


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    files = {
        "plugin.py": PLUGIN,
        "alone.py": ALONE,
        "project.yaml": PROJECT,
        "factors.py": "FACTOR = 1.0\n",
        "words/__init__.py": "",
        "words/averages.py": "def average(u):\n    return float(u.mean())\n",
    }
    for name, text in files.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)
    return Path("project.yaml")


def outcomes(labrun, project: Path) -> dict[str, str]:
    import json

    done = labrun("run", project, "--workers", "1")
    assert done.code == 0, done.err
    record = json.loads(Path("runs/helped/run.json").read_text())
    return {name.partition(".")[2]: stage["outcome"] for name, stage in record["stages"].items()}


def values() -> list[float]:
    found = []
    for part in sorted(Path("runs/helped/simulations/s/parts").glob("*.h5")):
        with h5py.File(part, locking=False) as file:
            found += [float(file[member]["u"][0]) for member in file]
    return found


def test_only_what_imports_the_changed_module_is_made_again(project, labrun):
    assert outcomes(labrun, project) == {"s": "done", "mean": "done", "alone": "done"}
    assert values() == [1, 2]

    Path("words/averages.py").write_text("def average(u):\n    '''Double.'''\n    return 2 * float(u.mean())\n")
    why = labrun("why", project, "mean").out
    assert "  code: words.averages (changed)\n" in why
    assert why.count("code:") == 1
    # both plugins are in one file, whose code is that of both
    assert outcomes(labrun, project) == {"s": "done", "mean": "done", "alone": "done"}

    Path("words/averages.py").write_text("def average(u):\n    return 2 * float(u.mean())  # as before\n")
    assert outcomes(labrun, project) == {"s": "reused", "mean": "reused", "alone": "reused"}


def test_a_changed_helper_beside_a_local_plugin_is_noticed(project, labrun):
    outcomes(labrun, project)
    Path("factors.py").write_text("FACTOR = 100.0\n")
    assert "code: factors (changed)" in labrun("why", project, "s").out
    assert outcomes(labrun, project)["s"] == "done"
    assert values() == [100, 200]


def test_a_module_that_no_plugin_imports_is_not(project, labrun):
    outcomes(labrun, project)
    Path("words/unused.py").write_text("x = 1\n")
    Path("notes.py").write_text("x = 1\n")
    assert outcomes(labrun, project) == {"s": "reused", "mean": "reused", "alone": "reused"}


def test_one_of_two_plugin_files_is_changed(project, labrun):
    outcomes(labrun, project)
    Path("alone.py").write_text(ALONE.replace("len(simulation)", "2 * len(simulation)"))
    assert outcomes(labrun, project) == {"s": "reused", "mean": "reused", "alone": "done"}

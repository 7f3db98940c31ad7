"""What a person sees when something goes wrong while a project runs, and what is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

FAULTY = '''
import os, shutil, signal
from typing import ClassVar, Literal
import numpy as np
from labrun import Analysis, Dataset, Ensemble, Examples, Field, Findings, Model, Simulator, hookimpl

class Faulty(Simulator):
    """Fails in a way of its own, if told so."""
    name: ClassVar[str] = "faulty"
    outputs: ClassVar[dict[str, str]] = {"u": "(2, 3)"}
    fault: str = Field("none", description="what goes wrong")

    def simulate(self, rng):
        u = rng.normal(size=(2, 3)).astype(np.float32)
        match self.fault:
            case "raise": raise ValueError("the time step is too long")
            case "exit": raise SystemExit(7)
            case "nan": u[0, 0] = np.nan
            case "type": return [u]
            case "object": return {"u": np.array([None])}
            case "missing": return {"v": u}
            case "die": os.kill(os.getpid(), signal.SIGKILL)
            case "die once":
                if not os.path.exists("died"):
                    open("died", "w").close()
                    os._exit(3)
            case "delete": shutil.rmtree("runs/.store")
        return {"u": u}

class Chosen(Dataset):
    """The waves."""
    name: ClassVar[str] = "chosen"
    fault: str = "none"
    def examples(self, simulation: Ensemble) -> Examples:
        if self.fault == "raise": raise KeyError("no such wave")
        if self.fault == "type": return 3
        x = np.stack([member["u"] for member in simulation])
        return Examples(lambda i: x[i], lambda i: x[i, 0, :1], np.arange(len(x)))

class Net(Model):
    """A layer."""
    name: ClassVar[str] = "net"
    fault: str = "none"
    def build(self, examples):
        import keras
        if self.fault == "raise": raise RuntimeError("too many layers")
        x = keras.Input(examples.x.shape, name="x")
        y = keras.layers.Dense(1, name="y")(keras.layers.Flatten(name="flat")(x))
        model = keras.Model(x, y)
        if self.fault == "nan":
            model.compile(keras.optimizers.SGD(1e30), "mse")
        elif self.fault != "uncompiled":
            model.compile("sgd", "mse")
        return model
    def fit(self, model, train, validation, epochs, callbacks):
        if self.fault != "lazy": super().fit(model, train, validation, epochs, callbacks)

class Look(Analysis):
    """Counts."""
    name: ClassVar[str] = "look"
    fault: str = "none"
    def analyse(self, simulation: Ensemble) -> Findings:
        match self.fault:
            case "raise": raise ZeroDivisionError("no members of this class")
            case "exit": raise SystemExit("enough")
            case "type": return {"members": 2}
            case "file": open("nowhere/at/all")
        return Findings({"members": len(simulation), "first": simulation.numbers[0]})

@hookimpl
def labrun_simulators(): return [Faulty]
@hookimpl
def labrun_datasets(): return [Chosen]
@hookimpl
def labrun_models(): return [Net]
@hookimpl
def labrun_analyses(): return [Look]
'''

PROJECT = """
project: faults
plugins: [faulty.py]
simulations:
  waves:
    use: faulty
    sweep: {table: [{fault: none}, {fault: FAULT}, {fault: none}]}
datasets:
  waves: {use: chosen, from: waves}
analyses:
  look: {use: look, from: waves}
"""

MODEL = """
models:
  net: {use: net, with: {fault: FAULT}, fit: {train: waves, epochs: 2}}
"""


@pytest.fixture
def faulty(write_project, tmp_path) -> Callable[[str], Path]:
    (tmp_path / "faulty.py").write_text(FAULTY)
    return write_project


def outcomes() -> dict[str, str]:
    stages = json.loads(Path("runs/faults/run.json").read_text())["stages"]
    return {name: stage["outcome"] for name, stage in stages.items()}


def finished_events() -> dict[str, dict[str, str]]:
    lines = map(json.loads, Path("runs/faults/events.jsonl").read_text().splitlines())
    return {line["stage"]: line for line in lines if line["event"] == "StageFinished"}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("raise", "ValueError: the time step is too long"),
        ("exit", "SystemExit: 7"),
        ("nan", "FloatingPointError: the array 'u' holds a NaN or an infinity"),
        ("type", "TypeError: faulty.simulate must return a dict of arrays, not list"),
        ("object", "TypeError: faulty returned 'u' as an array of object: expected numbers"),
        ("missing", "TypeError: faulty declares the outputs ['u'] but returned ['v']"),
    ],
)
def test_member_that_fails_is_told_and_the_others_are_kept(faulty, labrun, fault, error):
    done = labrun("run", faulty(PROJECT.replace("FAULT", fault)), "--workers", 1)
    assert done.code == 1
    place = rf" \({re.escape(str(Path.cwd()))}/faulty\.py:\d+\)" if fault in ("raise", "exit") else ""
    assert re.search(
        rf"^simulations\.waves: failed: 1 of 3 members failed: {re.escape(error)}{place}, first in member 1 \(fault={fault}\)\. "
        r"The 2 successful members are kept\. Fix the simulator or the failed parameters, or set 'failures: skip' in simulations\.waves$",
        done.out,
        re.MULTILINE,
    )
    assert "analyses.look: skipped: it needs simulations.waves" in done.out
    assert outcomes() == {"simulations.waves": "failed", "datasets.waves": "skipped", "analyses.look": "skipped"}
    receipts = sorted(Path("runs/.store/simulations").rglob("*.json"))
    failures = [json.loads(path.read_text())["failures"] for path in receipts]
    assert [len(f) for f in failures] == [0, 1, 0]
    assert failures[1][0]["parameters"] == {"fault": fault}
    assert "Traceback" in failures[1][0]["traceback"]
    assert "1 of 3 members failed" in Path("runs/faults/report.html").read_text()
    assert "Traceback" not in done.out


def test_first_traceback_is_shown_on_request_and_in_the_report(faulty, labrun):
    done = labrun("--traceback", "run", faulty(PROJECT.replace("FAULT", "raise")), "--workers", 1)
    line = 'case "raise": raise ValueError("the time step is too long")'
    assert f"{line}\nValueError: the time step is too long\n" in re.sub(r"\n +\^+", "", done.out)
    assert "raise ValueError(&#34;the time step is too long&#34;)" in Path("runs/faults/report.html").read_text()
    assert "raise ValueError" in finished_events()["simulations.waves"]["traceback"]


def test_skip_goes_on_with_the_rest(faulty, labrun):
    text = PROJECT.replace("FAULT", "raise").replace("use: faulty\n", "use: faulty\n    failures: skip\n")
    path = faulty(text)
    assert labrun("run", path, "--workers", 1).code == 0
    metrics = json.loads(Path("runs/faults/analyses/look/metrics.json").read_text())
    assert metrics == {"members": 2.0, "first": 0.0}
    report = Path("runs/faults/report.html").read_text()
    assert "ValueError: the time step is too long" in report
    assert "raise ValueError(&#34;the time step is too long&#34;)" in report
    again = labrun("run", path)
    assert again.code == 0
    assert "simulations.waves: reused" in again.out
    stopped = labrun("run", faulty(text.replace("failures: skip", "failures: stop")))
    assert stopped.code == 1
    assert "1 of 3 members failed" in stopped.out


def test_nothing_is_left_when_all_members_fail(faulty, labrun):
    text = PROJECT.replace("none", "raise").replace("FAULT", "nan")
    done = labrun("run", faulty(text.replace("use: faulty\n", "use: faulty\n    failures: skip\n")), "--workers", 1)
    assert done.code == 1
    assert "3 of 3 members failed: 2 × ValueError: the time step is too long (" in done.out
    assert (
        "), first in member 0 (fault=raise); 1 × FloatingPointError: the array 'u' holds a NaN or an infinity, "
        in done.out
    )
    assert "first in member 1 (fault=nan). No member succeeded. Fix the simulator or its parameters\n" in done.out
    assert "kept" not in done.out
    assert "failures: skip" not in done.out


def test_worker_that_dies_once_is_replaced(faulty, labrun):
    assert labrun("run", faulty(PROJECT.replace("FAULT", "die once")), "--workers", 2).code == 0
    assert Path("died").exists()


def test_member_that_ends_its_worker_again_and_again_is_one_that_fails(faulty, labrun):
    text = PROJECT.replace("[{fault: none}", "[{fault: none}" + ", {fault: none}" * 5).replace("FAULT", "die")
    done = labrun("run", faulty(text), "--workers", 2)
    assert done.code == 1
    assert (
        "simulations.waves: failed: 1 of 8 members failed: its process was ended by SIGKILL: too little memory, or a crash in compiled "
        "code?, first in member 6 (fault=die). The 7 successful members are kept." in done.out
    )
    skipped = text.replace("use: faulty\n", "use: faulty\n    failures: skip\n")
    assert labrun("run", faulty(skipped), "--workers", 2).code == 0
    assert json.loads(Path("runs/faults/analyses/look/metrics.json").read_text())["members"] == 7


@pytest.mark.parametrize(
    ("stage", "fault", "message"),
    [
        ("datasets.waves", "raise", "the plugin 'chosen' raised KeyError: 'no such wave' ("),
        ("datasets.waves", "type", "chosen.examples must return labrun.Examples, not int"),
        ("analyses.look", "raise", "the plugin 'look' raised ZeroDivisionError: no members of this class ("),
        ("analyses.look", "exit", "the plugin 'look' raised SystemExit: enough ("),
        ("analyses.look", "type", "look.analyse must return labrun.Findings, not dict"),
        ("analyses.look", "file", "the plugin 'look' raised FileNotFoundError: [Errno 2] No such file or directory"),
    ],
)
def test_plugin_that_raises_is_named_with_the_line(faulty, labrun, stage, fault, message):
    path = faulty(PROJECT.replace("FAULT", "none"))
    done = labrun("run", path, "--workers", 1, "--set", f"{stage}.with.fault={fault}")
    assert done.code == 1
    line = next(line for line in done.out.splitlines() if line.startswith(f"{stage}: failed"))
    assert message in line
    if "raised" in message:
        assert "faulty.py:" in line
    other = {"datasets.waves": "analyses.look", "analyses.look": "datasets.waves"}[stage]
    assert outcomes() == {"simulations.waves": "done", stage: "failed", other: "done"}
    assert "Traceback" in finished_events()[stage]["traceback"]
    assert labrun("run", path, "--workers", 1).code == 0


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("raise", "the plugin 'net' raised RuntimeError: too many layers ("),
        ("uncompiled", "the model 'net' is not compiled: its build must end with model.compile(…)"),
        ("nan", "the loss of 'net' became "),
        ("lazy", "'net' has not trained: its fit must pass `callbacks` and `epochs` to model.fit"),
    ],
)
def test_model_that_cannot_be_trained(faulty, labrun, fault, message):
    done = labrun("run", faulty(PROJECT.replace("FAULT", "none") + MODEL.replace("FAULT", fault)), "--workers", 1)
    assert done.code == 1
    assert f"models.net: failed: {message}" in done.out
    assert outcomes()["analyses.look"] == "done"
    assert not list(Path("runs/.store/models").iterdir())


def test_observer_that_raises_does_not_end_the_run(faulty, labrun):
    text = FAULTY + (
        "\nfrom labrun import hookimpl\n@hookimpl\ndef labrun_stage_finished(event): raise ValueError('my screen is broken')\n"
    )
    path = faulty(PROJECT.replace("FAULT", "none"))
    Path("faulty.py").write_text(text)
    done = labrun("run", path, "--workers", 1)
    assert done.code == 0
    assert done.err.count("my screen is broken") == 1
    assert "failed in labrun_stage_finished and is left out from now on: ValueError: my screen is broken" in done.err
    assert set(outcomes().values()) == {"done"}


def test_folder_that_cannot_be_written(faulty, labrun):
    path = faulty(PROJECT.replace("FAULT", "none"))
    Path("file").write_text("I am no folder")
    done = labrun("run", path, "--runs", "file/runs")
    assert done.code == 1
    assert done.err.startswith("cannot write the run's folder file/runs/faults: ")
    assert "Choose another with --runs DIR" in done.err


def test_store_that_cannot_be_written(faulty, labrun):
    path = faulty(PROJECT.replace("FAULT", "none"))
    Path("runs").mkdir()
    Path("runs/.store").write_text("I am no folder")
    done = labrun("run", path, "--workers", 1)
    assert (done.code, done.err) == (
        1,
        "'runs/.store' is not a folder, so it cannot be a store: move it away, or choose another folder with --runs DIR\n",
    )


def test_store_that_is_deleted_during_a_run(faulty, labrun):
    """The message names the store, not a plugin; the same command makes all again."""
    done = labrun("run", faulty(PROJECT.replace("FAULT", "delete")), "--workers", 1)
    assert done.code == 1
    failed = next(line for line in done.out.splitlines() if ": failed: " in line)
    assert re.search(r"(cannot write |the store )(\S+/)?runs/\.store\b", failed)
    assert re.search(r"No such file or directory\. |was removed during the run\. Run the same command again", failed)
    assert "plugin" not in failed
    assert "AssertionError" not in done.out + done.err
    assert labrun("run", faulty(PROJECT.replace("FAULT", "none")), "--workers", 1).code == 0

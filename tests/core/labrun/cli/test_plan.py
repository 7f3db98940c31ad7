"""`labrun plan` before anything has run."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.waiting import HANG, wait_until

TAB = "\t"
DURATION = r"(\d+ min \d+ s|[\d.]+ (s|min))"
RANGE = rf"about {DURATION}( \({DURATION} to {DURATION}\))?"


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_plan(write_project, labrun):
    outcome = labrun("plan", write_project())
    assert outcome.code == 0
    *lines, time, total = outcome.out.splitlines()
    assert [line.split("\t")[:4] for line in lines] == [
        ["stage", "plugin", "work", "state"],
        ["simulations.train", "wave", "6 members", "to do"],
        ["datasets.waves", "lines", "", "to do"],
        ["analyses.spread", "spread", "", "to do"],
        ["models.net", "line", "2 epochs", "to do"],
        ["analyses.losses", "losses", "", "to do"],
    ]
    assert all(re.fullmatch("[0-9a-f]{12}", line.split("\t")[6]) for line in lines[1:])
    times = {line.split(TAB)[0]: line.split(TAB)[4] for line in lines[1:]}
    for measured in ("simulations.train", "models.net"):
        assert re.fullmatch(RANGE, times.pop(measured))
    assert set(times.values()) == {"not known"}
    unknown = "3 stages whose time is not known (datasets.waves, analyses.spread, analyses.losses)"
    assert re.fullmatch(f"in all: {RANGE}, without {re.escape(unknown)}", time)
    assert re.fullmatch(
        r"to simulate: [\d.]+ kB of disk \([\d.]+ .?B are free\), and [\d.]+ MB of memory for each of \d+ workers, judged by some members "
        "of each simulation",
        total,
    )
    simulated, begun, trained = outcome.err.splitlines()
    assert simulated == "simulations.train: simulating some members …"
    assert begun == "models.net: training some steps …"
    assert re.fullmatch(
        r"models\.net: \d+ s to build and compile, [\d.e-]+ s for an epoch of 1 step and 1 of validation, measured on examples of 4 "
        "members",
        trained,
    )


def test_what_was_measured_is_remembered_and_measuring_can_be_left_out(write_project, labrun):
    path = write_project()
    assert "to simulate" not in labrun("plan", path, "--no-measure").out
    labrun("plan", path)
    for again in (labrun("plan", path, "--no-measure"), labrun("plan", path)):
        assert "to simulate: " in again.out
        assert re.search(f"^models.net\t.*\t{RANGE}\t", again.out, re.MULTILINE)
        assert again.err == ""


def test_a_stage_that_is_to_be_done_again_takes_as_long_as_the_last_time(write_project, labrun):
    path = write_project()
    labrun("run", path)
    lines = labrun("plan", path, "--set", "models.net.fit.epochs=3").out.splitlines()
    cells = {line.split("\t")[0]: line.split("\t")[3:6] for line in lines}
    assert cells["simulations.train"] == ["done", "", ""]
    assert cells["models.net"][0] == "to do"
    assert re.fullmatch(RANGE, cells["models.net"][1])
    assert re.search(f"^in all: {RANGE}$", "\n".join(lines), re.MULTILINE)


def test_plan_leaves_nothing_behind(write_project, labrun, tmp_path):
    before = {path.name for path in tmp_path.iterdir()}
    labrun("plan", write_project())
    assert {path.name for path in tmp_path.iterdir()} - {"__pycache__", "cache"} == before | {"project.yaml"}


def test_what_cannot_be_measured_is_not_known(write_project, waves, labrun):
    path = write_project(waves.replace("epochs: 2", "epochs: 2, augment: [flip]"))
    outcome = labrun("plan", path)
    assert outcome.code == 0
    assert "models.net: fit.augment cannot be applied to the dataset 'waves'" in outcome.err
    assert "models.net\tline\t2 epochs\tto do\tnot known\t" in outcome.out


HANGING = """
import os, time
from pathlib import Path
from typing import ClassVar
from labrun import Simulator, hookimpl

class Hanging(Simulator):
    "Never ends."
    name: ClassVar[str] = "hanging"
    def simulate(self, rng):
        Path("begun").write_text(str(os.getpid()))
        time.sleep(3600)

@hookimpl
def labrun_simulators(): return [Hanging]
"""


def test_plan_is_interrupted_at_once_and_shows_what_it_knows(tmp_path):
    (tmp_path / "hanging.py").write_text(HANGING)
    (tmp_path / "p.yaml").write_text("project: p\nplugins: [hanging.py]\nsimulations: {s: {use: hanging}}\n")
    command = [sys.executable, "-m", "labrun", "plan", "p.yaml"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    begun = tmp_path / "begun"
    wait_until(lambda: begun.exists() and begun.read_text(), "the first member")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=HANG)
    assert process.returncode == 130
    assert "interrupted: what was not measured yet is not known" in err
    assert "simulations.s\thanging\t1 members\tto do\tnot known\t" in out
    wait_until(lambda: not Path(f"/proc/{begun.read_text()}").exists(), "the end of the worker")

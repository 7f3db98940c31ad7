"""`labrun.load`, `labrun.run` and `labrun.open_run`, as a script and a notebook call them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from tests.conftest import HERE, WAVES, WAVES_CSV
from tests.waiting import HANG

import labrun
from labrun.api import _as_texts
from labrun.faults import ProjectFaults

QUICK = WAVES.partition("models:")[0] + "analyses:\n  spread: {use: spread, from: train}\n"
"""Without a model, so that it runs in a second."""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The folder in which `waves` was run once, and what `labrun.run` gave."""
    folder = tmp_path_factory.mktemp("waves")
    shutil.copy(HERE / "lab.py", folder)
    (folder / "waves.csv").write_text(WAVES_CSV, encoding="utf-8")
    (folder / "project.yaml").write_text(WAVES, encoding="utf-8")
    return folder, labrun.run(folder / "project.yaml", workers=1, runs=folder / "runs", quiet=True)


def test_import_loads_no_heavy_library():
    command = (
        "import sys, labrun; print([m for m in ('numpy', 'pandas', 'keras', 'rich', 'jinja2') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_unknown_attribute_is_told():
    with pytest.raises(AttributeError, match="module 'labrun' has no attribute 'rum'"):
        _ = labrun.rum
    assert {"run", "load", "open_run"} <= set(dir(labrun))


def test_results_by_name_are_what_stages_give(done):
    _, run = done
    waves = run["train"]
    amplitudes = np.array([0.5, 1.0, 1.5, 7.0, 8.0, 9.5], np.float32)
    sine = np.sin(2 * np.pi * np.arange(6) / 6).astype(np.float32)
    np.testing.assert_allclose(waves.array("u"), amplitudes[:, None] * sine, rtol=1e-6, atol=1e-6)
    assert waves.parameters["amplitude"].tolist() == amplitudes.tolist()
    assert dict(waves.outputs) == {"u": "(points,) float32, dimensionless"}
    assert len(run["waves"]) == len(run["waves.train"]) + len(run["waves.test"]) == 6
    assert run["net"].history["epoch"].tolist() == [1, 2]
    assert run["models.net"] is run["net"]
    assert run["losses"].metrics == {"net": pytest.approx(run["net"].history["loss"].iloc[-1])}
    assert (run.outcome, run.name, run.report.is_file()) == ("done", "waves", True)
    assert set(run.stages["outcome"]) == {"done"}
    assert repr(run) == f"<Run of waves: done, 5 stages, in {run.folder}>"


def test_run_that_is_over_is_opened_from_anywhere(done, tmp_path, monkeypatch):
    folder, run = done
    monkeypatch.chdir(tmp_path)
    again = labrun.open_run(folder / "runs" / "waves", plugins=[folder / "lab.py"])
    assert list(again) == list(run)
    assert again["spread"].metrics == run["spread"].metrics
    assert again["waves.test"].load_y(slice(None)).tolist() == run["waves.test"].load_y(slice(None)).tolist()


def test_run_that_was_carried_elsewhere_has_its_results_with_it(done, tmp_path):
    folder, run = done
    carried = shutil.copytree(folder / "runs" / "waves", tmp_path / "far" / "waves")
    again = labrun.open_run(carried)
    assert again["spread"].metrics == run["spread"].metrics
    np.testing.assert_array_equal(again["train"].array("u"), run["train"].array("u"))


def test_result_in_a_carried_folder_must_be_the_recorded_one(write_project, tmp_path):
    path = write_project(QUICK)
    run = labrun.run(path, only="spread", workers=1, quiet=True)
    carried = shutil.copytree(run.folder, tmp_path / "far" / "waves")
    labrun.run(path, set={"simulations.train.with.points": 8}, only="spread", workers=1, quiet=True)
    shutil.rmtree(carried / "analyses" / "spread")
    shutil.copytree(run.folder / "analyses" / "spread", carried / "analyses" / "spread")
    with pytest.raises(labrun.LabrunError, match=r"^analyses\.spread of '.*far/waves' is not done\."):
        _ = labrun.open_run(carried)["spread"]


def test_folder_without_a_run_is_told(tmp_path):
    with pytest.raises(ProjectFaults, match=r"does not hold a run: there is no run.json and no project.yaml in it"):
        labrun.open_run(tmp_path)


def test_earlier_results_stay_when_a_value_is_changed(write_project):
    path = write_project(QUICK)
    first = labrun.run(path, workers=1, quiet=True)
    second = labrun.run(path, set={"simulations.train.with.points": 8}, workers=1, quiet=True)
    assert (first["train"].array("u").shape, second["train"].array("u").shape) == ((6, 6), (6, 8))
    assert labrun.open_run("runs/waves")["train"].array("u").shape == (6, 8)


def test_dataset_whose_simulation_was_run_anew_is_refused(write_project):
    path = write_project(QUICK)
    labrun.run(path, workers=1, quiet=True)
    run = labrun.run(path, set=["simulations.train.with.points=8"], only="train", workers=1, quiet=True)
    assert run["train"].array("u").shape == (6, 8)
    message = "datasets.waves of 'runs/waves' was made from an earlier simulations.train: run the project again"
    with pytest.raises(labrun.LabrunError) as caught:
        _ = run["waves"]
    assert str(caught.value) == message


def test_stage_that_fails_raises_when_all_else_is_done(write_project):
    (path := write_project(QUICK + "  bad: {use: bad, from: train}\n")).parent.joinpath("bad.py").write_text(
        "from labrun import Analysis, Ensemble, Findings, hookimpl\n"
        "class Bad(Analysis):\n    'Fails.'\n    name = 'bad'\n"
        "    def analyse(self, simulation: Ensemble) -> Findings:\n        raise ValueError('no good')\n"
        "@hookimpl\ndef labrun_analyses(): return [Bad]\n"
    )
    with pytest.raises(
        labrun.RunFailed, match=r"^analyses.bad failed: the plugin 'bad' .*raised ValueError: no good"
    ) as caught:
        labrun.run(path, set={"plugins": ["lab.py", "bad.py"]}, workers=1, quiet=True)
    run = caught.value.run
    assert run.outcome == "failed"
    assert run["spread"].metrics["mean"] == pytest.approx(0, abs=1e-6)
    with pytest.raises(
        labrun.LabrunError,
        match=r"^analyses.bad of 'runs/waves' failed: .*ValueError: no good.*labrun.run\('project.yaml'\) continues",
    ):
        _ = run["bad"]
    assert "no good" in run._repr_html_()
    assert caught.value._render_traceback_() == [f"RunFailed: {caught.value}"]


def test_project_with_faults_runs_nothing(write_project):
    path = write_project()
    with pytest.raises(
        ProjectFaults, match=r"unknown key 'point' in simulations.train.with \(wave\): did you mean 'points'\?"
    ):
        labrun.run(path, set={"simulations.train.with.point": 8})
    assert not Path("runs").exists()


def test_project_that_is_loaded_once_is_run_twice(write_project, capsys):
    project = labrun.load(write_project(QUICK))
    labrun.run(project, workers=1)
    labrun.run(project, workers=1, only=["spread"])
    out = capsys.readouterr().out
    assert "simulations.train: done in" in out
    assert "simulations.train: reused" in out
    with pytest.raises(TypeError, match=r"give the overrides to labrun\.load"):
        labrun.run(project, set=["seed=2"])


def test_plugin_file_that_was_changed_is_run_anew(write_project, tmp_path):
    """Without a new start of Python: people work on a plugin beside a notebook."""
    path = write_project(QUICK)
    before = labrun.run(path, only="train", workers=1, quiet=True)["train"].array("u")
    plugin = tmp_path / "lab.py"
    source = plugin.read_text(encoding="utf-8")
    assert source.count("u = self.amplitude *") == 1
    plugin.write_text(source.replace("u = self.amplitude *", "u = 2 * self.amplitude *"), encoding="utf-8")
    after = labrun.run(path, only="train", workers=1, quiet=True)["train"].array("u")
    np.testing.assert_allclose(after, 2 * before, rtol=1e-6)


def test_overrides_are_a_mapping_or_a_list_of_texts():
    values = {"a.b": 1e-5, "c": "on", "d": [1, 2], "e": np.float64(0.5), "f": Path("x/y")}
    assert _as_texts(values) == ["a.b=1e-05", 'c="on"', "d=[1, 2]", "e=0.5", 'f="x/y"']
    assert _as_texts(["a=1"]) == ["a=1"]
    with pytest.raises(TypeError, match=r"not one text; write set=\['a=1'\]"):
        _as_texts("a=1")


def test_override_reaches_the_plugin(write_project):
    project = labrun.load(write_project(QUICK), set={"simulations.train.with.noise": "normal"})
    assert project.stages["simulations.train"].plugin.noise == "normal"


def test_runs_lie_where_the_environment_says(write_project, monkeypatch):
    monkeypatch.setenv("LABRUN_RUNS", "elsewhere")
    assert labrun.run(write_project(QUICK), only="train", workers=1, quiet=True).folder == Path("elsewhere/waves")


def test_run_in_another_thread_leaves_signals_alone(write_project):
    found = []
    path = write_project(QUICK)
    thread = threading.Thread(target=lambda: found.append(labrun.run(path, workers=1, quiet=True)))
    thread.start()
    thread.join(60)
    assert [run.outcome for run in found] == ["done"]


def test_pictures_of_the_caller_appear_where_they_did(write_project):
    plt.switch_backend("svg")
    try:
        labrun.run(write_project(QUICK), workers=1, quiet=True)
        assert plt.get_backend() == "svg"
    finally:
        plt.switch_backend("agg")


def test_script_needs_no_guard_against_its_own_workers(write_project, tmp_path):
    write_project(QUICK)
    script = tmp_path / "script.py"
    script.write_text(
        "import labrun\nprint('begun')\nrun = labrun.run('project.yaml', workers=2, quiet=True)\nprint(run.outcome)\n"
    )
    done = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
        env=os.environ | {"LABRUN_RUNS": "runs"},
    )
    assert (done.stdout, done.stderr) == ("begun\ndone\n", "")

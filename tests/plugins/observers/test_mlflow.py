"""The MLflow observer: what a run leaves in MLflow, read back by MLflow's own client; and that it keeps quiet."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys

import pytest

pytest.importorskip("mlflow")

WIRETAP = """\
import socket

def refuse(*words, **_):
    with open("connections.txt", "a") as stream:
        print(words, file=stream)
    raise OSError("no network in this test")

socket.socket.connect = refuse
socket.getaddrinfo = refuse
"""


@pytest.fixture
def client(tmp_path, monkeypatch):
    """A client of a folder that runs are told to: what a user looks with."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "tracked").as_uri())
    from labrun_mlflow.client import open_client

    return open_client()


@pytest.fixture
def runs_of(client):
    """The run of labrun that is the last, and its nested runs by name."""

    def find(project: str):
        experiment = client.get_experiment_by_name(project)
        runs = client.search_runs([experiment.experiment_id], order_by=["start_time DESC"])
        last = next(run for run in runs if "mlflow.parentRunId" not in run.data.tags)
        nested = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == last.info.run_id]
        return last, {run.info.run_name: run for run in nested}

    return find


def artifacts(client, run, path=None):
    for found in client.list_artifacts(run.info.run_id, path):
        if found.is_dir:
            yield from artifacts(client, run, found.path)
        else:
            yield found.path


def history(tmp_path, column):
    with (tmp_path / "runs/waves/models/net/history.csv").open(newline="") as stream:
        return [(int(row["epoch"]), float(row[column])) for row in csv.DictReader(stream)]


def series(client, run, name):
    return [(point.step, point.value) for point in client.get_metric_history(run.info.run_id, name)]


def test_run_is_read_back(write_project, labrun, client, runs_of, tmp_path):
    drawn = '        return Findings(metrics={"mean": float(u.mean())'
    told = (
        '        return Findings(figures={"waves [all]": figure}, tables={"u": table}, metrics={"mean": float(u.mean())'
    )
    path = write_project()
    lab = (tmp_path / "lab.py").read_text().replace(drawn, f"{FIGURE}{told}")
    (tmp_path / "lab.py").write_text(lab)
    outcome = labrun(path)
    assert (outcome.code, outcome.err) == (0, "")
    run, nested = runs_of("waves")
    assert run.info.status == "FINISHED"
    assert run.data.params["simulations.train.with.points"] == "6"
    assert run.data.params["seed"] == "3"
    metrics = json.loads((tmp_path / "runs/waves/analyses/spread/metrics.json").read_text())
    losses = json.loads((tmp_path / "runs/waves/analyses/losses/metrics.json").read_text())
    assert run.data.metrics == {f"spread/{name}": value for name, value in metrics.items()} | {
        "losses/net": losses["net"]
    }
    assert sorted(artifacts(client, run)) == [
        "analyses/spread/u.csv",
        "analyses/spread/waves [all].png",
        "analyses/spread/waves [all].svg",
        "project.yaml",
        "report.html",
        "run.json",
    ]
    report = tmp_path / "runs/waves/report.html"
    assert client.download_artifacts(run.info.run_id, "report.html", str(tmp_path)) == str(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_bytes() == report.read_bytes()  # not that of the run before
    assert list(nested) == ["net"]
    assert nested["net"].info.status == "FINISHED"
    assert nested["net"].data.params["learning_rate"] == "0.01"  # a default, which the project does not tell
    assert nested["net"].data.params["fit.epochs"] == "2"
    assert nested["net"].data.tags["labrun.contracts.plugin"] == "line"
    for column in ("loss", "val_loss"):
        assert series(client, nested["net"], column) == history(tmp_path, column)
        assert len(history(tmp_path, column)) == 2


FIGURE = """\
        import pandas as pd
        from matplotlib.figure import Figure

        figure = Figure()
        figure.subplots().plot(u[0])
        table = pd.DataFrame({"u": u[0]})
"""


def test_reused_model_is_told_whole_and_a_matrix_by_its_names(write_project, labrun, client, runs_of, waves, tmp_path):
    matrix = waves.replace("    use: line\n", "    use: line\n    matrix: {with.learning_rate: [0.01, 0.02]}\n")
    path = write_project(matrix.replace("models: [net]", "models: net"))
    for _ in range(2):
        outcome = labrun(path)
        assert (outcome.code, outcome.err) == (0, "")
    assert "models.net[learning_rate=0.02]: reused" in outcome.out
    run, nested = runs_of("waves")
    assert sorted(nested) == ["net[learning_rate=0.01]", "net[learning_rate=0.02]"]
    slow = nested["net[learning_rate=0.01]"]
    assert [step for step, _ in series(client, slow, "loss")] == [1, 2]
    assert slow.data.params["learning_rate"] == "0.01"
    assert "losses/net_learning_rate_0.01_" in run.data.metrics
    assert len(client.search_runs([run.info.experiment_id])) == 6


def test_failure_is_the_status_and_the_reason_its_note(write_project, labrun, runs_of, tmp_path):
    path = write_project()
    lab = (
        (tmp_path / "lab.py")
        .read_text()
        .replace("        import keras\n", "        raise RuntimeError('no network')\n")
    )
    (tmp_path / "lab.py").write_text(lab)
    outcome = labrun(path)
    assert (outcome.code, outcome.err) == (1, "")
    run, nested = runs_of("waves")
    assert run.info.status == "FAILED"
    assert nested["net"].info.status == "FAILED"
    assert (
        nested["net"].data.tags["mlflow.note.content"].startswith("the plugin 'line' raised RuntimeError: no network")
    )
    assert run.data.metrics.keys() == {"spread/mean", "spread/deviation"}  # what could be done is told


def test_interruption_is_killed(tmp_path, client, runs_of):
    from labrun.contracts.events import RunFinished, RunStarted, StageFinished, StageProgressed, StageStarted
    from labrun_mlflow.tracker import Tracker

    (tmp_path / "project.yaml").write_text("project: waves\n")
    tracker = Tracker(RunStarted(5.0, "waves", str(tmp_path), ["models.net"], [], 2))
    inputs = {"plugin": {"name": "line"}, "config": {}}
    tracker.stage_started(StageStarted(6.0, "models.net", "line", "key", "epochs", 9, 0, inputs))
    tracker.stage_progressed(StageProgressed(7.0, "models.net", 1, 9, {"loss": 0.5, "F1 [%]": float("nan")}))
    tracker.stage_finished(StageFinished(8.0, "models.net", "interrupted", 2.0, "1 of 9 epochs are kept"))
    tracker.run_finished(RunFinished(9.0, "interrupted", 4.0, str(tmp_path / "report.html")))
    run, nested = runs_of("waves")
    assert (run.info.status, nested["net"].info.status) == ("KILLED", "KILLED")
    assert (run.info.start_time, run.info.end_time) == (5000, 9000)
    assert series(client, nested["net"], "loss") == [(1, 0.5)]
    assert "F1 ___" in nested["net"].data.metrics


@pytest.mark.parametrize(
    ("address", "missing", "message"),
    [
        (
            "file:///nowhere",
            "mlflow",
            "MLFLOW_TRACKING_URI is set, but MLflow is not installed: pip install 'labrun[mlflow]', or unset the variable",
        ),
        (
            "postgresql+psycopg2://me:secret@host/db",
            "alembic",
            "MLFLOW_TRACKING_URI names a database (postgresql), for which MLflow needs alembic: pip install alembic, or name "
            "a folder (file:///…) or a server (http://…)",
        ),
    ],
)
def test_what_is_missing_is_said_once_and_the_run_goes_on(
    write_project, labrun, monkeypatch, address, missing, message
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.setattr("labrun_mlflow.client.find_spec", lambda name: None if name == missing else object())
    outcome = labrun(write_project(), "--only", "spread")
    assert outcome.code == 0
    assert outcome.err == f"the observer 'labrun:mlflow' is left out from now on: {message}\n"


def test_nothing_is_imported_where_no_run_is_tracked(write_project, labrun_process):
    told = "import labrun_mlflow, sys; print({'mlflow', 'numpy', 'requests'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
    outcome = labrun_process(write_project(), "--only", "spread", python=("-X", "importtime"), MLFLOW_TRACKING_URI="")
    assert outcome.code == 0
    assert re.search(r"\| +labrun.engine.engine\n", outcome.err)
    assert not re.search(r"\| +mlflow\b", outcome.err)


def test_folder_needs_no_network_and_the_terminal_stays_as_it_is(
    write_project, labrun_process, tmp_path, client, runs_of, monkeypatch
):
    """MLflow sends telemetry, but for what it takes for tests: so its marks of tests are taken away."""
    (tmp_path / "sitecustomize.py").write_text(WIRETAP)
    for name in [name for name in os.environ if name.startswith(("PYTEST", "CI", "GITHUB", "MLFLOW_DIS", "DO_NOT"))]:
        monkeypatch.delenv(name)
    path = write_project()
    outcome = labrun_process(path, "--only", "spread", "--workers", 1, PYTHONPATH=str(tmp_path))
    assert (outcome.code, outcome.err) == (0, "")
    assert [line.partition(":")[0] for line in outcome.out.splitlines()] == [
        "waves",
        "simulations.train",
        "simulations.train",
        "analyses.spread",
        "analyses.spread",
        next(line for line in outcome.out.splitlines() if line.startswith("finished after")),
        "  spread",
        "report",
    ]
    assert runs_of("waves")[0].info.status == "FINISHED"
    assert not (tmp_path / "connections.txt").exists()

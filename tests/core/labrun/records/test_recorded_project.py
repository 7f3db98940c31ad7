"""A run is opened from what is in its folder: wherever that lies, without its project, and without running code that came with it."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import labrun
from labrun.faults import ProjectFaults
from labrun.files.atomic import read_json, write_json
from labrun.files.digests import with_digest
from labrun.files.guarded import GuardedPath
from labrun.project.sweeptable import SweepTable
from labrun.records.recorded_project import _Reading
from labrun.records.run_folder import _write_members
from labrun.records.run_record import RunRecord
from labrun.registry.registry import Registry

PROJECT = """\
project: far
seed: 4
plugins: [lab.py]
simulations:
  waves:
    use: wave
    with: {points: 6}
    sweep: {table: tables/waves.csv, columns: [amplitude], labels: [class], repeats: 2, seed_by: [class]}
datasets:
  lines: {use: lines, from: waves, with: {y: class}, split: {fractions: {train: 0.7, test: 0.3}}}
models:
  net: {use: line, fit: {train: lines.train, epochs: 1}, matrix: {fit.seed: [0, 1]}}
analyses:
  spread: {use: spread, from: waves}
  losses: {use: losses, from: {models: net, dataset: lines.test}}
"""


@pytest.fixture
def far(write_project, tmp_path, monkeypatch):
    """A run, and its folder after it was carried away and all else was lost."""
    path = write_project(PROJECT)
    (tmp_path / "tables").mkdir()
    (tmp_path / "waves.csv").rename(tmp_path / "tables" / "waves.csv")
    run = labrun.run(path, workers=1, quiet=True)
    folder = shutil.move(run.folder, tmp_path.with_name(f"{tmp_path.name}-far"))
    monkeypatch.chdir(folder.parent)
    shutil.rmtree(tmp_path)
    return folder


def test_ensembles_and_findings_need_nothing_else(far):
    run = labrun.open_run(far)
    waves = run["waves"]
    assert waves.parameters["amplitude"].tolist() == [a for a in (0.5, 1.0, 1.5, 7.0, 8.0, 9.5) for _ in range(2)]
    assert waves.parameters["class"].tolist() == ["low"] * 6 + ["high"] * 6
    assert waves.parameters["repeat"].tolist() == [0, 1] * 6
    assert dict(waves.outputs) == {"u": "(points,) float32, dimensionless"}
    sine = np.sin(2 * np.pi * np.arange(6) / 6)
    np.testing.assert_allclose(waves.array("u")[-1], 9.5 * sine, rtol=1e-5, atol=1e-5)
    assert run["spread"].metrics["mean"] == pytest.approx(0, abs=1e-6)
    assert len(run["net[seed=1]"].history) == 1
    assert list(run) == [
        "simulations.waves",
        "datasets.lines",
        "analyses.spread",
        "models.net[seed=0]",
        "models.net[seed=1]",
        "analyses.losses",
    ]


def test_examples_and_networks_need_their_plugin(far):
    plugin = far / "sources" / "lab.py"
    with pytest.raises(labrun.LabrunError) as caught:
        _ = labrun.open_run(far)["lines.train"]
    assert str(caught.value) == (
        "datasets.lines cannot be read: the plugin 'lines' is not installed. Load it, if you trust it: "
        f"labrun.open_run('{far}', plugins=['{plugin}'])"
    )
    run = labrun.open_run(far, plugins=[plugin])
    assert (len(run["lines"]), len(run["lines.train"]), len(run["lines.test"])) == (12, 8, 4)
    assert run["net[seed=0]"].predict(run["lines.test"]).shape == (4, 2)


def test_no_code_in_the_folder_is_executed(far, capsys):
    for name in ("sources/lab.py", "lab.py", "labrun_wave.py"):
        (far / name).write_text("from pathlib import Path\nPath('ran').touch()\n", encoding="utf-8")
    run = labrun.open_run(far)
    assert len(run["waves"]) == 12
    assert run._repr_html_()
    assert not list(far.parent.glob("ran"))


def test_a_plugin_file_that_does_not_load(far):
    (far / "sources" / "lab.py").write_text("1 / 0\n", encoding="utf-8")
    with pytest.raises(ProjectFaults, match=r"lab.py' could not be loaded: ZeroDivisionError"):
        labrun.open_run(far, plugins=[far / "sources" / "lab.py"])


def change_record(folder, change):
    record = read_json(GuardedPath(folder) / "run.json")
    record.pop("digest")
    change(record)
    write_json(folder / "run.json", with_digest(record))


def test_a_run_of_an_earlier_labrun(far):
    """Whose record holds keys, plugins and inputs alone."""

    def change(record):
        for name in ("order", "files"):
            del record[name]
        for entry in record["stages"].values():
            for name in ("base", "values", "identity", "texts", "seed_by", "outputs", "code"):
                entry.pop(name, None)

    change_record(far, change)
    run = labrun.open_run(far, plugins=[far / "sources" / "lab.py"])
    assert (len(run["waves"]), len(run["lines.train"]), len(run.all("net"))) == (12, 8, 2)
    assert run["waves"].parameters["class"].tolist() == ["low"] * 6 + ["high"] * 6
    assert run["net[seed=0]"].predict(run["lines.test"]).shape == (4, 2)


def test_a_project_that_this_labrun_does_not_understand(far):
    text = (far / "project.yaml").read_text(encoding="utf-8")
    (far / "project.yaml").write_text(f"{text}future: {{of: labrun}}\n", encoding="utf-8")
    assert labrun.open_run(far)["spread"].metrics


def test_a_plugin_of_another_version_is_not_used(far):
    change_record(far, lambda record: record["stages"]["datasets.lines"].update(plugin_version=7))
    run = labrun.open_run(far, plugins=[far / "sources" / "lab.py"])
    with pytest.raises(labrun.LabrunError) as caught:
        _ = run["lines"]
    message = "it was made by version 7 of 'lines'; version 1 is installed, whose results may differ"
    assert str(caught.value) == f"datasets.lines cannot be read: {message}"


def test_a_configuration_that_the_plugin_does_not_take(far):
    change_record(far, lambda record: record["stages"]["datasets.lines"]["inputs"]["config"].update(old=1))
    run = labrun.open_run(far, plugins=[far / "sources" / "lab.py"])
    with pytest.raises(labrun.LabrunError, match=r"'lines' does not take its configuration: old: "):
        _ = run["lines"]


@pytest.mark.parametrize("entry", [{"inputs": {"from": 3}}, {"plugin": 3}, {"values": 3}])
def test_a_record_that_makes_no_sense(far, entry):
    change_record(far, lambda record: record["stages"]["datasets.lines"].update(entry))
    with pytest.raises(ProjectFaults, match=r"the run in '.*' is damaged \("):
        _ = labrun.open_run(far)["lines"]


def test_a_table_that_has_changed_since(write_project, tmp_path):
    path = write_project(PROJECT.replace("tables/waves.csv", "waves.csv"))
    labrun.run(path, only="spread", workers=1, quiet=True)
    (tmp_path / "waves.csv").write_text("class,amplitude\nlow,3\n", encoding="utf-8")
    assert len(labrun.open_run("runs/far")["waves"]) == 12


VALUES = {
    "number": [1, 2.0, 1e-300],
    "digits": ["1", "2.0", "true"],
    "empty": [None, 3, 4],
    "word": ["", "null", " x"],
    "switch": [True, False, True],
    "list": [[1, 2.5], ["a", "b"], []],
    "block": [{"a": 1}, {"a": 2}, {"a": None}],
    "mixed": [1, "high", 2],
}


def test_values_of_a_table_keep_their_types(tmp_path):
    folder = tmp_path / "simulations" / "train"
    folder.mkdir(parents=True)
    _write_members(SweepTable(VALUES, {}, 3), GuardedPath(folder) / "members.csv")
    texts = [name for name, values in VALUES.items() if all(isinstance(value, str) for value in values)]
    reading = _Reading(RunRecord(tmp_path, {}, {}, {}), Registry())
    table = reading._table("simulations.train", "train", {"texts": texts})
    assert json.dumps(table.columns) == json.dumps(VALUES)
    assert table.size == 3


def test_files_that_a_project_names_are_copied(write_project, tmp_path):
    path = write_project(
        PROJECT.replace("tables/waves.csv", "../elsewhere.csv").replace("[lab.py]", "[lab.py, own.py]")
    )
    (tmp_path / ".git").mkdir()
    (tmp_path / "own.py").write_text("import near\nfrom lab import *\n", encoding="utf-8")
    (tmp_path / "near.py").write_text("", encoding="utf-8")
    project = tmp_path / "below"
    project.mkdir()
    for name in ("lab.py", "near.py", path.name):
        (tmp_path / name).rename(project / name)
    (tmp_path / "waves.csv").rename(tmp_path / "elsewhere.csv")
    (project / "own.py").write_text(
        "import near\nfrom labrun import hookimpl\n@hookimpl\ndef labrun_models(): return []\n", encoding="utf-8"
    )
    run = labrun.run(project / path.name, only="spread", workers=1, quiet=True, runs=tmp_path / "runs")
    copied = {str(file.relative_to(run.folder)) for file in (run.folder / "sources").rglob("*") if file.is_file()}
    outside = run.record["files"]["../elsewhere.csv"]
    helpers = {f"sources/{name}" for name in ("lab.py", "own.py", "near.py", ".labrun-sources")}
    assert copied == {outside, *helpers}
    assert (run.folder / outside).read_text(encoding="utf-8").startswith("class,amplitude")


def test_a_folder_of_the_same_name_is_not_replaced(write_project, tmp_path):
    path = write_project(PROJECT.replace("tables/waves.csv", "waves.csv"))
    own = tmp_path / "runs" / "far" / "sources" / "thesis.tex"
    own.parent.mkdir(parents=True)
    own.touch()
    with pytest.raises(
        labrun.LabrunError, match=r"far/sources' is not a folder that labrun made, so it is not replaced"
    ):
        labrun.run(path, only="spread", workers=1, quiet=True)
    assert own.exists()

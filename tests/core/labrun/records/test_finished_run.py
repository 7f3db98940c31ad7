"""Names of stages, as a run takes them: alone, with their section, parts of datasets, and several at once."""

from __future__ import annotations

import pytest

import labrun
from labrun.faults import ProjectFaults

MATRIX = """\
project: names
plugins: [lab.py]
simulations:
  waves: {use: wave, sweep: {grid: {amplitude: [1, 2, 3, 4]}}}
datasets:
  waves: {use: lines, from: waves, with: {y: amplitude}, split: {fractions: {train: 0.5, test: 0.5}}}
analyses:
  spread: {use: spread, from: waves}
models:
  net: {use: line, fit: {train: waves.train, epochs: 1}, matrix: {fit.seed: [0, 1]}}
"""


@pytest.fixture
def run(write_project):
    return labrun.run(write_project(MATRIX), only=["spread", "datasets.waves"], workers=1, quiet=True)


def test_name_of_several_stages_is_told(run):
    with pytest.raises(ProjectFaults) as caught:
        _ = run["waves"]
    assert str(caught.value) == (
        "'waves' is the name of 2 stages: write one of 'simulations.waves', 'datasets.waves', or run.all('waves')"
    )
    assert list(run.all("waves")) == ["simulations.waves", "datasets.waves"]


def test_variants_of_a_matrix_go_by_their_values(run):
    with pytest.raises(
        ProjectFaults,
        match=r"'net' is the name of 2 stages: write one of 'models.net\[seed=0\]', 'models.net\[seed=1\]'",
    ):
        _ = run["net"]
    with pytest.raises(labrun.LabrunError) as caught:
        _ = run["net[seed=1]"]
    assert (
        str(caught.value) == "models.net[seed=1] of 'runs/names' is not done. labrun.run('project.yaml') continues it"
    )


def test_part_of_a_dataset_has_its_name(run):
    assert (len(run["waves.train"]), len(run["datasets.waves.test"])) == (2, 2)
    assert list(run.all("waves.train")) == ["datasets.waves.train"]


@pytest.mark.parametrize(("name", "hint"), [("wavess", "waves"), ("spred", "spread"), ("waves.tests", "waves.test")])
def test_unknown_name_is_told(run, name, hint):
    with pytest.raises(ProjectFaults, match=rf"this run has no stage '{name}': did you mean '.*{hint}'\?"):
        _ = run[name]
    with pytest.raises(ProjectFaults, match=f"no stage '{name}'"):
        run.all(name)
    assert name not in run
    assert 3 not in run


def test_stages_are_listed_in_their_order(run):
    assert (len(run), "spread" in run, "waves.train" in run) == (5, True, True)
    assert run.stages.loc["analyses.spread", "plugin"] == "spread"
    assert run.stages.loc["models.net[seed=0]", "outcome"] == "not reached"
    assert "waves.test" in run._ipython_key_completions_()


def test_log_that_is_damaged_leaves_reasons_out(run):
    (run.folder / "events.jsonl").write_text("no JSON", encoding="utf-8")
    assert labrun.open_run(run.folder).failure() == ""

"""The projects of the persistent exclusion process: their sizes and rates, that nothing leaks, and one whole project at toy size."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from labrun.project.load import Project, load

PROJECTS = Path(__file__).parents[2] / "projects"
RATES = np.logspace(-6, -1, 10, base=2)
"""The rates of the original study, which trains on the even ones."""


@pytest.fixture(scope="module")
def newcomer() -> Project:
    return load(PROJECTS / "tumbling.yaml")


def rates(project, simulation):
    return sorted(set(project.stages[f"simulations.{simulation}"].table.columns["tumbling_rate"]))


def examples(project, simulation):
    stage = project.stages[f"simulations.{simulation}"]
    return stage.table.size * stage.plugin.snapshots


def test_the_newcomers_rates_are_the_even_ones_of_the_origin(newcomer):
    for name in ("relaxation", "train", "validation", "test"):
        np.testing.assert_allclose(rates(newcomer, name), RATES[::2], rtol=1e-4)
    np.testing.assert_allclose(rates(newcomer, "between"), RATES[1:8:2], rtol=1e-4)  # between them, not beyond


def test_3000_snapshots_to_train_2000_to_predict_on_trajectories_of_their_own(newcomer):
    assert [examples(newcomer, name) for name in ("train", "validation", "test")] == [3000, 1000, 2000]
    for name, model in newcomer.stages.items():
        if name.startswith("models."):
            trained = {newcomer.stages[ref.id].inputs["simulation"].stage for ref in model.refs()}
            assert trained == {"train", "validation"}
    judged = newcomer.stages["analyses.regression"].inputs["dataset"]
    assert [newcomer.stages[ref.id].inputs["simulation"].stage for ref in judged] == ["test", "between"]


def test_the_origins_protocol_has_its_sizes():
    origin = load(PROJECTS / "tumbling_paper.yaml")
    np.testing.assert_allclose(rates(origin, "runs"), RATES[::2], rtol=1e-4)
    runs = origin.stages["simulations.runs"].plugin
    assert (runs.density, runs.shape, runs.steps.start, runs.snapshots) == (0.15, (128, 128), 5000, 10_000)
    assert origin.stages["datasets.short[encoding=orientation,rolls=13]"].plugin.first == 1000
    assert {origin.stages[f"datasets.{name}"].split.by for name in ("short[encoding=occupancy,rolls=0]",)} == {
        "example"
    }
    middle = origin.stages["models.short[preset=origin_middle,seed=0,encoding=orientation,rolls=0]"]
    assert (middle.fit.epochs, middle.plugin.loss) == (10, "huber")
    honest = origin.stages["analyses.honest[encoding=occupancy]"]
    assert all("encoding=occupancy" in ref.stage for ref in [*honest.inputs["model"], *honest.inputs["dataset"]])
    assert len(honest.inputs["model"]) == 9 * (2 + 1 + 1)


def test_a_hundred_densities_are_a_million_examples():
    densities = load(PROJECTS / "tumbling_densities.yaml")
    assert examples(densities, "mixture") == 1_000_000
    columns = densities.stages["simulations.mixture"].table.columns
    assert len(set(columns["density"])) == 100
    np.testing.assert_allclose(sorted(set(columns["tumbling_rate"])), RATES, rtol=1e-4)


def test_rolled_and_plain_networks_make_as_many_steps():
    rolls = load(PROJECTS / "tumbling_rolls.yaml")
    models = [stage for stage in rolls.stages.values() if stage.section == "models"]
    steps = {
        (stage.values["with.trajectories"], stage.values["with.rolls"]): stage.fit.epochs
        * (stage.values["with.rolls"] + 1)
        for stage in models
    }
    assert set(steps.values()) == {56}
    assert len(steps) == 8


SMALL = {
    "relaxation": {"size": "[16, 20]", "duration": 2000},
    **{name: {"size": "[16, 20]", "snapshots": 4} for name in ("train", "validation", "test", "between")},
}


@pytest.mark.slow  # half a minute; docs/tumbling.md walks through the same plugins
def test_the_newcomers_project_made_small_runs_to_its_report(labrun_process, tmp_path, expect_report):
    words = [f"simulations.{name}.with.{key}={value}" for name, keys in SMALL.items() for key, value in keys.items()]
    words += [f"simulations.{name}.sweep.repeats=2" for name in SMALL]
    words += [f"models.{name}.fit.epochs=1" for name in ("cnn", "cnn_places")]
    options = [option for word in words for option in ("--set", word)]
    outcome = labrun_process("run", PROJECTS / "tumbling.yaml", *options, "--workers", "2")
    assert outcome.code == 0, outcome.out + outcome.err
    run = tmp_path / "runs" / "tumbling"
    outcomes = {name: stage["outcome"] for name, stage in json.loads((run / "run.json").read_text())["stages"].items()}
    assert set(outcomes.values()) == {"done"}
    scores = json.loads((run / "analyses" / "regression" / "metrics.json").read_text())
    assert {"r test", "MAE test, statistics", "r between"} <= set(scores)
    expect_report(run / "report.html", "How often do particles tumble?")

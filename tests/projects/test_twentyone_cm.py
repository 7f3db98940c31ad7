"""The projects of the 21-cm line: their sizes, that no sky is in two sets, other people's cubes, and the newcomer's project at toy size."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from labrun.project.load import Project, load

PROJECTS = Path(__file__).parents[2] / "projects"


def sky_of(project: Project, dataset: str) -> str:
    """Return the simulation behind a dataset, through any number of encoders."""
    stage = project.stages[f"datasets.{dataset}"]
    below = stage.inputs.get("simulation")
    return below.stage if below is not None else sky_of(project, stage.inputs["dataset"].stage)


@pytest.mark.parametrize("name", ["twentyone_cm", "twentyone_cm_redshift", "twentyone_cm_translation"])
def test_what_is_judged_is_a_sky_that_was_not_learned_from(name):
    project = load(PROJECTS / f"{name}.yaml")
    assert {sky_of(project, stage.name) for stage in project.stages.values() if stage.section == "datasets"} == {
        "skies",
        "test_skies",
    }
    trained = {sky_of(project, s.fit.train.partition(".")[0]) for s in project.stages.values() if s.section == "models"}
    assert trained == {"skies"}
    for stage in project.stages.values():
        judged = stage.inputs.get("dataset") if stage.section == "analyses" else None
        for ref in judged if isinstance(judged, list) else [judged] if judged else []:
            assert sky_of(project, ref.stage) == "test_skies" or "leaky" in ref.stage


def test_sizes_of_the_newcomers_project():
    project = load(PROJECTS / "twentyone_cm.yaml")
    skies = project.stages["simulations.skies"]
    assert skies.plugin.cells == 64
    assert {name: len(set(values)) for name, values in skies.table.columns.items()} == {
        "escape_fraction": 3,
        "redshift": 9,
        "repeat": 9,
    }
    assert project.stages["datasets.leaky"].split.by == "example"


def test_the_origins_grid_and_its_comparisons():
    project = load(PROJECTS / "twentyone_cm_paper.yaml")
    sky = project.stages["simulations.sky"]
    assert (sky.plugin.cells, sky.plugin.box, sky.table.size) == (200, 300, 204)
    np.testing.assert_allclose(sorted(set(sky.table.columns["redshift"])), np.arange(5, 13.1, 0.5))
    assert len(set(sky.table.groups())) == 1  # one sky
    models = [stage for stage in project.stages.values() if stage.section == "models"]
    assert len(models) == 10
    assert {project.stages[ref.id].split.by for model in models for ref in model.refs() if ref.part} == {"example"}


def test_tiles_of_ten_skies_against_ten():
    project = load(PROJECTS / "twentyone_cm_redshift.yaml")
    for name in ("skies", "test_skies"):
        assert len(set(project.stages[f"simulations.{name}"].table.groups())) == 10
        assert len(set(project.stages[f"simulations.{name}"].table.columns["redshift"])) == 17


def write_cubes(folder: Path, rng: np.random.Generator) -> None:
    """Write cubes of 12³ cells like the C code: two redshifts with two escape fractions."""
    for fraction in (0.07, 0.13):
        sky = folder / "cubes" / f"joelle_ESC_FRAC_{fraction:.3f}_RNG_150"
        sky.mkdir(parents=True)
        for redshift in (7.0, 8.5):
            density = rng.uniform(-0.9, 0.9, (12, 12, 12)).astype("<f4")
            density.tofile(sky / f"updated_smoothed_deltax_z{redshift:06.2f}_12_18Mpc")
            neutral = 23.08 * np.sqrt((1 + redshift) / 7.5)  # [mK], at the mean density
            brightness = np.where(density > 0.2, 0, neutral * (1 + density)).astype("<f4")
            brightness.tofile(sky / f"delta_T_v3_z{redshift:06.2f}_nf{np.mean(brightness > 0):f}_useTs0_12_18Mpc")


def test_cubes_in_a_folder_are_found_paired_and_drawn(labrun_process, tmp_path, rng):
    write_cubes(tmp_path, rng)
    words = ("--only", "analyses.gallery", "--only", "analyses.power", "--workers", "1")
    outcome = labrun_process("run", PROJECTS / "twentyone_cm_files.yaml", *words)
    assert outcome.code == 0, outcome.out + outcome.err
    members = pd.read_csv(tmp_path / "runs" / "twentyone_cm_files" / "simulations" / "cubes" / "members.csv")
    assert members["redshift"].tolist() == [7.0, 8.5, 7.0, 8.5]
    assert members["escape_fraction"].tolist() == [0.07, 0.07, 0.13, 0.13]
    assert (
        tmp_path / "runs" / "twentyone_cm_files" / "analyses" / "gallery" / "slices_brightness_temperature.png"
    ).exists()


SMALL = {
    "simulations.skies.with.cells": 16,
    "simulations.skies.with.box": 64,
    "simulations.test_skies.with.cells": 16,
    "simulations.test_skies.with.box": 64,
    "simulations.skies.sweep.repeats": 2,
    "simulations.test_skies.sweep.repeats": 2,
    "analyses.summary_baseline.with.trees": 10,
    "analyses.pca.with.components": 10,
    "models.with_encoder.with.layers": "[conv 8 1x1, relu, mean]",
    "models.with_encoder.with.momentum": 0.99,
    **{
        f"models.{name}.fit.epochs": 1 for name in ("autoencoder", "direct", "leaky", "with_encoder", "escape_fraction")
    },
}


@pytest.mark.slow  # a minute; docs/twentyone_cm.md walks through the same plugins
def test_the_newcomers_project_made_small_runs_to_its_report(labrun_process, tmp_path, expect_report):
    options = [option for key, value in SMALL.items() for option in ("--set", f"{key}={value}")]
    outcome = labrun_process("run", PROJECTS / "twentyone_cm.yaml", *options, "--workers", "2")
    assert outcome.code == 0, outcome.out + outcome.err
    run = tmp_path / "runs" / "twentyone_cm"
    outcomes = {name: stage["outcome"] for name, stage in json.loads((run / "run.json").read_text())["stages"].items()}
    assert set(outcomes.values()) == {"done"}
    assert "warning, leaky: possible leakage" in outcome.out
    expect_report(run / "report.html", "How well can a network predict redshift")

"""The projects of mechanical networks: what is unseen in them, the sizes of the original study, and the newcomer's project at toy size."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labrun.project.load import load

PROJECTS = Path(__file__).parents[2] / "projects"


def test_dots_do_not_give_the_lattice_away_and_are_swapped_to_see_it():
    project = load(PROJECTS / "mechanical_networks.yaml")
    train, swapped = (project.stages[f"simulations.{name}"] for name in ("train", "swapped"))
    assert set(train.table.columns["lattice"]) == {"kagome", "square", "triangular"}
    low, high = train.plugin.dot_radius
    assert low < 1.87 < 3.4 < high
    radii = dict(zip(swapped.table.columns["lattice"], swapped.table.columns["dot_radius"], strict=True))
    assert radii == {"kagome": 1.87, "square": 3.4, "triangular": 3.05}
    assert (swapped.plugin.renderer, swapped.plugin.jpeg_quality) == ("matplotlib", 85)
    assert not set(project.stages["simulations.strangers"].table.columns["lattice"]) & set(radii)


def test_other_programs_draw_at_every_margin_and_size():
    """By Matplotlib and as JPEG, which the training never shows, and at sizes that it does not have."""
    project = load(PROJECTS / "mechanical_networks.yaml")
    train = project.stages["simulations.train"].plugin
    assert (train.renderer, train.jpeg_quality) == ("coverage", None)
    for size in (128, 192, 256):
        simulation = project.stages[f"simulations.margins_{size}"]
        assert (simulation.plugin.size, simulation.plugin.renderer) == (size, "matplotlib")
        assert simulation.plugin.jpeg_quality is not None
        assert set(simulation.table.columns["margin"]) == {8, 24, 40, 56}
        assert project.stages[f"analyses.margins_{size}"].plugin.by == "margin"


def test_both_networks_see_the_same_examples_at_the_same_spacing():
    project = load(PROJECTS / "mechanical_networks.yaml")
    unet, pix2pix = (project.stages[f"models.{name}"] for name in ("unet", "pix2pix"))
    assert (unet.fit.train, unet.fit.validation) == (pix2pix.fit.train, pix2pix.fit.validation)
    assert unet.plugin.spacing == pix2pix.plugin.spacing is not None


def test_the_origins_pairs_steps_and_pictures():
    project = load(PROJECTS / "mechanical_networks_paper.yaml")
    for name in ("kagome", "all"):
        simulation, fit = project.stages[f"simulations.{name}"], project.stages[f"models.{name}"].fit
        assert simulation.table.size == 90
        assert simulation.plugin.size == 256
        assert fit.epochs * 90 / fit.batch_size == 15_000


SMALL = {
    **{f"simulations.{name}.sweep.repeats": 2 for name in ("train", "validation", "test", "swapped", "strangers")},
    **{f"simulations.margins_{size}.sweep.repeats": 1 for size in (128, 192, 256)},
    **{f"models.{name}.fit.epochs": 1 for name in ("unet", "pix2pix")},
    "models.unet.with.filters": 4,
    "models.pix2pix.with.filters": 4,
}


@pytest.mark.slow  # a minute; docs/mechanical_networks.md walks through the same plugins
def test_the_newcomers_project_made_small_runs_to_its_report(labrun_process, tmp_path, expect_report):
    options = [option for key, value in SMALL.items() for option in ("--set", f"{key}={value}")]
    outcome = labrun_process("run", PROJECTS / "mechanical_networks.yaml", *options, "--workers", "2")
    assert outcome.code == 0, outcome.out + outcome.err
    run = tmp_path / "runs" / "mechanical_networks"
    outcomes = {name: stage["outcome"] for name, stage in json.loads((run / "run.json").read_text())["stages"].items()}
    assert set(outcomes.values()) == {"done"}
    expect_report(run / "report.html", "Where are the bonds of a lattice")

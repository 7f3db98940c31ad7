"""The Gray-Scott projects: their sizes and tables, and that no choice uses the test set."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from labrun.project.load import Project, load
from labrun.project.stage import FittedModelStage

PROJECTS = Path(__file__).parents[2] / "projects"
CLASSES = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "l",
    "h",
]


@pytest.fixture(scope="module")
def paper() -> Project:
    return load(PROJECTS / "gray_scott_paper.yaml")


WANT_FILES = {PROJECTS / "fashion_mnist.yaml", PROJECTS / "twentyone_cm_files.yaml"}
"""These need files that the user provides; their own tests write some."""
COMPLETE = sorted(set(PROJECTS.glob("*.yaml")) - WANT_FILES)


@pytest.mark.parametrize("path", COMPLETE, ids=lambda path: path.name)
def test_every_project_is_without_faults(path):
    assert load(path).stages


def points(table: str) -> set[tuple[float, float]]:
    with (PROJECTS / "gray_scott" / table).open(newline="", encoding="utf-8") as stream:
        return {(float(row["kill"]), float(row["feed"])) for row in csv.DictReader(stream)}


def test_paper_has_the_size_of_the_publication(paper):
    sizes = {name: paper.stages[f"simulations.{name}"].table.size for name in ("train", "validation", "test")}
    assert sizes == {"train": 750, "validation": 750, "test": 750}
    assert paper.stages["models.origin_2d"].fit.epochs == 600
    assert paper.stages["models.origin_2d"].fit.batch_size == 128


def test_numerics_are_those_of_the_notes(paper):
    for name in ("train", "validation", "test", "neighbours"):
        plugin = paper.stages[f"simulations.{name}"].plugin
        assert (plugin.diffusion_u, plugin.diffusion_v, plugin.time_step, plugin.duration) == (0.2, 0.1, 0.25, 15000)
        assert (plugin.shape, plugin.frames, plugin.frame_interval) == ((128, 128), 3, 30)


def test_classes_stand_in_the_order_of_the_table(paper):
    for name in ("train", "test", "neighbours"):
        labels = paper.stages[f"simulations.{name}"].table.labels["class"]
        assert list(dict.fromkeys(labels)) == CLASSES


def test_neighbours_are_near_training_points_and_in_no_table():
    neighbours = points("neighbours.csv")
    assert len(neighbours) == 120
    for table in ("train.csv", "test.csv", "train2.csv"):
        assert not neighbours & points(table)
    for kill, feed in neighbours:
        assert any(abs(kill - k) <= 6e-4 + 1e-9 and abs(feed - f) <= 1.6e-3 + 1e-9 for k, f in points("train.csv"))


def test_most_test_points_were_never_trained_on():
    assert len(points("test.csv") - points("train.csv")) == 35


def test_no_model_is_fitted_or_stopped_by_the_test_patterns(paper):
    for stage in paper.stages.values():
        if isinstance(stage, FittedModelStage):
            assert {str(ref.stage) for ref in stage.refs()} <= {"train", "validation"}


def test_coarse_scan_is_every_fourth_point_of_the_fine_one():
    coarse, fine = points("scan_coarse.csv"), points("scan.csv")
    assert len(fine) == 5369
    assert coarse <= fine
    assert len(coarse) == 331
    kills, feeds = ({round(point[axis], 9) for point in coarse} for axis in (0, 1))
    assert all(abs((kill - min(kills)) / 0.0025 % 1 - 0.5) > 0.49 for kill in kills)
    assert all(abs((feed - min(feeds)) / 0.005 % 1 - 0.5) > 0.49 for feed in feeds)


def test_second_pass_has_the_publication_s_points_and_its_sixteenth_class():
    project = load(PROJECTS / "gray_scott_second_pass.yaml")
    assert project.stages["simulations.scan"].table.size == 5481
    for name in ("train2", "validation2"):
        assert project.stages[f"simulations.{name}"].table.size == 1645
        assert project.stages[f"datasets.{name}"].plugin.classes == [*CLASSES[:13], "pi", *CLASSES[13:]]


def test_each_class_is_left_out_once():
    project = load(PROJECTS / "gray_scott_left_out.yaml")
    left_out = [s.plugin.leave_out for s in project.stages.values() if s.base == "without"]
    assert left_out == [[name] for name in CLASSES]
    trained = [s for s in project.stages.values() if s.id.startswith("models.left_out")]
    assert len(trained) == 15


def test_3d_networks_see_ten_frames():
    project = load(PROJECTS / "gray_scott_3d.yaml")
    for name in ("train_3d", "validation_3d", "test_3d"):
        plugin = project.stages[f"simulations.{name}"].plugin
        assert (plugin.frames, plugin.frame_interval, plugin.duration) == (10, 400, 15000)
        assert project.stages[f"simulations.{name}"].table.size == 750


SMALL = {"size": 64, "duration": 400}
"""Numerics of a run that ends at once, when patterns are still those of the initial state."""


def small(simulations: list[str], models: list[str]) -> list[str]:
    """Return options that make a project small, whatever its tables contain."""
    values = {f"simulations.{s}.with.{key}": value for s in simulations for key, value in SMALL.items()}
    values |= {f"simulations.{s}.sweep.repeats": 2 for s in simulations if s != "scan"}
    values |= {f"models.{m}.fit.epochs": 1 for m in models} | {f"models.{m}.fit.augment.crop": 48 for m in models}
    return [word for key, value in values.items() for word in ("--set", f"{key}={value}")]


def test_a_newcomer_s_project_runs_to_its_report(labrun_process, tmp_path, expect_report):
    options = small(["train", "validation", "test", "scan"], ["cnn"])
    outcome = labrun_process(str(PROJECTS / "gray_scott.yaml"), "--runs", str(tmp_path), *options)
    assert outcome.code == 0, outcome.err
    analyses = tmp_path / "gray_scott" / "analyses"
    assert len((analyses / "phase_map" / "cells.csv").read_text().splitlines()) == 1 + 331
    assert (analyses / "montage" / "montage.html").stat().st_size > 1000
    expect_report(tmp_path / "gray_scott" / "report.html", "Can a network trained at one point")


@pytest.mark.slow
def test_second_pass_runs_to_its_report(labrun_process, tmp_path):
    options = small(["train", "validation", "test", "train2", "validation2", "scan"], ["cnn", "second_pass"])
    options += ["--set", "simulations.validation.sweep.repeats=5"]  # a fifth of them is watched
    only = [word for stage in ("changes", "phase_map2", "montage2", "confusion2") for word in ("--only", stage)]
    words = ["--runs", str(tmp_path), *only, *options]
    outcome = labrun_process(str(PROJECTS / "gray_scott_second_pass.yaml"), *words)
    assert outcome.code == 0, outcome.err
    cells = tmp_path / "gray_scott_second_pass" / "analyses" / "phase_map2" / "cells.csv"
    assert len(cells.read_text().splitlines()) == 1 + 5369

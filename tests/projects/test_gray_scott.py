"""The Gray-Scott projects: their sizes, their tables, and that nothing is chosen by what is tested on."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from labrun.project import Project, load

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


@pytest.mark.parametrize("path", sorted(PROJECTS.glob("*.yaml")), ids=lambda path: path.name)
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
        if stage.fit:
            assert {str(ref.stage) for ref in stage.refs()} <= {"train", "validation"}

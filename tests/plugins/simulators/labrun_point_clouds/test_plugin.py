"""Clouds of points for perceptrons: margins, the best that a line can do, and where points lie."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.integrate import quad
from scipy.stats import kstest, truncnorm

import labrun_point_clouds
from labrun.engine.members import simulate_member
from labrun_point_clouds import PointClouds


def drawn(seed=5, **options):
    arrays = simulate_member(PointClouds(**options), np.random.default_rng(seed))
    x, label = arrays["x"], arrays["label"]
    assert (x.dtype, label.dtype, x.shape) == (np.float32, np.uint8, (len(label), 2))
    assert np.abs(x).max() <= 1
    return x.astype(np.float64), label


def message(**options):
    with pytest.raises(ValidationError) as error:
        PointClouds(**options)
    (fault,) = error.value.errors()
    return fault["msg"].removeprefix("Value error, ")


def best_line(x, label):
    """The largest share of points that a line tells right, by trying very many."""
    angles, offsets = np.meshgrid(np.linspace(0, 2 * np.pi, 64, endpoint=False), np.linspace(-1.4, 1.4, 29))
    sides = x @ np.stack([np.cos(angles.ravel()), np.sin(angles.ravel())]) > offsets.ravel()
    return (sides == label[:, None]).mean(axis=0).max()


@pytest.mark.parametrize("line", [(1, 1, 0), (3, -1, 0.8), (0, -2, 1)])
@pytest.mark.parametrize("margin", [0, 0.2])
def test_a_line_separates_with_its_margin(line, margin):
    x, label = drawn(line=line, margin=margin, samples=3000)
    distance = (line[0] * x[:, 0] + line[1] * x[:, 1] + line[2]) / np.hypot(line[0], line[1])
    np.testing.assert_array_equal(label, distance > 0)
    assert margin < np.abs(distance).min() < margin + 0.01
    assert len(x) == 3000


def test_separable_points_fill_the_rest_of_the_square():
    x, label = drawn(line=(1, 0, 0), margin=0.5, samples=4000)
    assert kstest((np.abs(x[:, 0]) - 0.5) * 2, "uniform").pvalue > 1e-3
    assert kstest((x[:, 1] + 1) / 2, "uniform").pvalue > 1e-3
    assert label.mean() == pytest.approx(0.5, abs=0.04)


def test_the_perceptron_rule_makes_no_more_mistakes_than_novikoff_allows():
    x, label = drawn(margin=0.1, samples=500)
    inputs, signs = np.column_stack([x, np.ones(len(x))]), np.where(label, 1, -1)
    weights, mistakes = np.zeros(3), 0
    while (wrong := np.flatnonzero(signs * (inputs @ weights) <= 0)).size:
        weights += signs[wrong[0]] * inputs[wrong[0]]
        mistakes += 1
        assert mistakes <= 3 / 0.1**2


@pytest.mark.parametrize("deviation", [0.2, 0.4, 2.0])
def test_overlapping_clouds_are_normal_but_for_the_edges(deviation):
    x, label = drawn(kind="overlapping", deviation=deviation, samples=6001)
    assert (label == 0).sum() == 3001
    for number, centre in ((0, -0.4), (1, 0.4)):
        cloud = truncnorm((-1 - centre) / deviation, (1 - centre) / deviation, centre, deviation)
        for coordinate in x[label == number].T:
            assert kstest(coordinate, cloud.cdf).pvalue > 1e-3


def test_no_line_does_better_on_overlapping_clouds_than_told():
    x, label = drawn(kind="overlapping", samples=20_000)
    coordinate = truncnorm(-1.4 / 0.4, 0.6 / 0.4, 0.4, 0.4)  # of class 1: x₂ > −x₁, for each x₁
    expected = quad(lambda x1: coordinate.pdf(x1) * coordinate.sf(-x1), -1, 1)[0]
    assert expected == pytest.approx(0.91, abs=0.005)
    assert ((x.sum(axis=1) > 0) == label).mean() == pytest.approx(expected, abs=0.008)
    assert best_line(x[:2000], label[:2000]) == pytest.approx(expected, abs=0.02)


def test_classes_do_not_come_one_after_the_other():
    _, label = drawn(kind="overlapping", samples=1000)
    assert label[:500].mean() == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("margin", [0, 0.3])
def test_xor_is_the_sign_of_the_product(margin):
    x, label = drawn(kind="xor", margin=margin, samples=4000)
    np.testing.assert_array_equal(label, x[:, 0] * x[:, 1] < 0)
    assert margin <= np.abs(x).min() + 1e-7 < margin + 0.01
    quadrant = 2 * (x[:, 0] > 0) + (x[:, 1] > 0)
    np.testing.assert_allclose(np.bincount(quadrant), 1000, atol=130)


def test_no_line_is_right_for_more_than_three_quadrants():
    assert 0.6 < best_line(*drawn(kind="xor", samples=2000)) < 0.79
    assert best_line(*drawn(samples=2000)) > 0.99


def test_points_follow_from_the_seed():
    for kind in ("separable", "overlapping", "xor"):
        first, again, other = (drawn(kind=kind, seed=seed)[0] for seed in (1, 1, 2))
        np.testing.assert_array_equal(first, again)
        assert not np.isin(other, first).any()


def test_fields_that_change_nothing_are_refused():
    assert message(kind="xor", deviation=0.3) == (
        "deviation has no effect with kind=xor, which uses margin: leave it out"
    )
    assert message(kind="overlapping", margin=0.3).startswith("margin has no effect with kind=overlapping")
    assert message(kind="separable", deviation=1).endswith("kind=separable, which uses line and margin: leave it out")


@pytest.mark.parametrize("line", [(0, 0, 1), (1, 0, 0.75), (1, 1, -2)])
def test_a_line_that_leaves_a_class_without_room_is_refused(line):
    assert message(line=line, margin=0.3).startswith(
        f"line=[{line[0]}, {line[1]}, {line[2]}] with a margin of 0.3 leaves no room for a class: expected weights"
    )
    assert PointClouds(line=(1, 0, 0.69), margin=0.3)


def test_it_runs_from_the_command_line(labrun_process, tmp_path):
    outcome = labrun_process("simulate", "point_clouds", "kind=xor", "samples=40", "--save", "points.npz")
    assert outcome.code == 0, outcome.err
    with np.load(tmp_path / "points.npz") as arrays:
        assert arrays["x"].shape == (40, 2)
        np.testing.assert_array_equal(arrays["label"], arrays["x"].prod(axis=1) < 0)


def test_the_hook_offers_it():
    assert labrun_point_clouds.labrun_simulators() == [PointClouds]
    assert all(field.description for field in PointClouds.model_fields.values())

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from labrun_phase_map.raster import make_raster

SCAN = Path(__file__).parents[4] / "projects" / "gray_scott" / "scan.csv"


def at(raster, x, y):
    """The cell at a place, found as a reader of the picture finds it."""
    column, row = np.searchsorted(raster.x_edges, x) - 1, np.searchsorted(raster.y_edges, y) - 1
    return raster.cell[row, column]


def test_every_point_of_a_grid_with_holes_lies_in_its_own_rectangle_and_the_rest_is_blank(rng):
    columns, rows = np.meshgrid(np.arange(9), np.arange(5))
    there = rng.random(45) < 0.7
    there[[0, 8, 36]] = True
    x, y = 0.03 + 0.000625 * columns.ravel()[there], 2.0 * rows.ravel()[there]
    raster = make_raster(x, y)
    assert raster.cell.shape == (5, 9)
    assert [at(raster, *point) for point in zip(x, y, strict=True)] == list(range(len(x)))
    assert (raster.cell < 0).sum() == 45 - there.sum()
    np.testing.assert_array_equal(raster.cell.ravel() >= 0, there)
    assert raster.x_range == pytest.approx((0.03 - 0.0003125, 0.035 + 0.0003125))


def test_values_that_no_run_has_keep_their_place():
    x, y = np.meshgrid([0.0, 1.0, 2.0, 6.0, 7.0], [0.0, 1.0])
    raster = make_raster(x.ravel(), y.ravel())
    assert raster.cell.shape == (2, 8)
    assert (raster.cell[:, 3:6] == -1).all()


def test_a_grid_with_unequal_steps_is_parted_halfway():
    x, y = np.meshgrid([1.0, 10.0, 100.0], [0.0, 1.0])
    raster = make_raster(x.ravel(), y.ravel())
    np.testing.assert_allclose(raster.x_edges, [-3.5, 5.5, 55, 145])
    assert (raster.cell >= 0).all()


def test_the_scan_of_the_paper_is_a_grid_of_three_blocks():
    scan = pd.read_csv(SCAN)
    assert len(scan) == 5481
    points = scan.drop_duplicates(["kill", "feed"])
    raster = make_raster(points["kill"].to_numpy(), points["feed"].to_numpy())
    assert raster.cell.shape == (95, 87)
    assert (raster.cell >= 0).sum() == len(points) == 5369
    found = [at(raster, k, f) for k, f in zip(points["kill"], points["feed"], strict=True)]
    assert found == list(range(5369))


def test_each_place_of_an_irregular_sweep_shows_the_nearest_point_if_it_is_near(rng):
    points = rng.random((300, 2))
    points = points[~((points > 0.4) & (points < 0.9)).all(axis=1)]  # a large hole
    x, y = 1e-3 * points[:, 0], 50 * points[:, 1]
    raster = make_raster(x, y)
    x_centres = (raster.x_edges[1:] + raster.x_edges[:-1]) / 2
    y_centres = (raster.y_edges[1:] + raster.y_edges[:-1]) / 2
    for row, column in rng.integers(0, 200, (200, 2)):
        dx = (x - x_centres[column]) / np.ptp(x)
        dy = (y - y_centres[row]) / np.ptp(y)
        assert raster.cell[row, column] in (-1, np.argmin(np.hypot(dx, dy)))
    assert at(raster, 0.65e-3, 0.65 * 50) == -1
    hits = np.mean([at(raster, *point) == i for i, point in enumerate(zip(x, y, strict=True))])
    assert hits > 0.95
    assert (raster.cell >= 0).mean() > 0.6


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([0.5], [2.0]),
        ([0.0], [0.0]),
        ([1.0, 2.0, 4.0], [3.0, 3.0, 3.0]),
        ([0.0, 1.0], [0.0, 1.0]),
        ([0, 1, 2.5], [2, 0, 5]),
    ],
)
def test_few_points_are_all_seen(x, y):
    raster = make_raster(np.array(x, float), np.array(y, float))
    assert set(range(len(x))) <= set(raster.cell.ravel())
    assert (np.diff(raster.x_edges) > 0).all()
    assert (np.diff(raster.y_edges) > 0).all()

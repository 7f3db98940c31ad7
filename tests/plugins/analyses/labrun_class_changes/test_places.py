from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from labrun_class_changes.places import find_axis

SCAN = Path(__file__).parents[4] / "projects" / "gray_scott" / "scan.csv"


def test_cells_of_the_published_scan_are_those_of_its_grid():
    """Three blocks of one grid of 87 by 95 points, with holes and with 112 points that are there twice."""
    scan = pd.read_csv(SCAN)
    for column, cells, spacing in (("kill", 87, 0.000625), ("feed", 95, 0.00125)):
        axis = find_axis(scan[column].to_numpy())
        assert len(axis.edges) == cells + 1
        np.testing.assert_allclose(np.diff(axis.edges), spacing, rtol=1e-6)
        middles = (axis.edges[1:] + axis.edges[:-1]) / 2
        np.testing.assert_allclose(middles[axis.cell], scan[column], rtol=1e-9)


def test_values_of_sums_and_gaps_are_on_a_grid():
    axis = find_axis(np.array([0.3, 0.0, 0.1 + 0.2, 0.1, 0.5]))
    assert axis.cell.tolist() == [3, 0, 3, 1, 5]
    np.testing.assert_allclose(axis.edges, np.arange(-0.05, 0.56, 0.1))


def test_rounded_values_are_on_a_grid():
    values = np.round(np.linspace(0, 1, 31), 4)
    assert find_axis(values).cell.tolist() == list(range(31))


@pytest.mark.parametrize(("value", "edges"), [(4.0, [2, 6]), (0.0, [-0.5, 0.5])])
def test_one_value_makes_one_cell(value, edges):
    axis = find_axis(np.full(3, value))
    assert axis.edges.tolist() == edges
    assert axis.cell.tolist() == [0, 0, 0]


@pytest.mark.parametrize("values", [np.random.default_rng(0).random(200), np.geomspace(1, 100, 9)])
def test_scattered_values_are_on_none(values):
    assert find_axis(values) is None

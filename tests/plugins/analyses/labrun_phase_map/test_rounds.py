"""How an adaptive sweep found a map: the rounds of cells, and panels that hold the rows until then."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from labrun.kit.patterns import Patterns
from labrun_phase_map.cells import gather_cells
from labrun_phase_map.raster import RESOLUTION, whole_raster
from labrun_phase_map.rounds import draw_rounds, rounds_of


def patterns(**columns: list[float]) -> Patterns:
    parameters = pd.DataFrame({"x": [0.0, 0.1, 1.0, 0.1], "y": [0.0, 0.7, 1.0, 0.7], **columns})
    return Patterns(np.arange(4), parameters, ("a", "b"), np.eye(2)[[0, 1, 0, 1]], None, None, [])


def test_a_cell_belongs_to_the_round_that_first_asked_it():
    found = patterns(round=[0, 3, 1, 2], score=[1.0] * 4, measured=[1.0] * 4)
    cells = gather_cells(found, "x", "y")
    rounds = rounds_of(found, cells)
    assert rounds is not None
    assert dict(zip(cells.x.tolist(), rounds.tolist(), strict=True)) == {0.0: 0, 0.1: 2, 1.0: 1}


def test_a_sweep_without_rounds_has_none():
    found = patterns(round=[0, 3, 1, 2])  # a column of that name may mean anything
    assert rounds_of(found, gather_cells(found, "x", "y")) is None


def test_every_place_shows_the_nearest_point():
    x, y = np.array([0.0, 2.0, 2.0]), np.array([0.0, 0.0, 30.0])
    raster = whole_raster(x, y)
    assert (raster.x_range, raster.y_range) == ((0.0, 2.0), (0.0, 30.0))
    half = RESOLUTION // 2
    assert raster.cell[0, :half].tolist() == [0] * half
    assert raster.cell[-1, -1] == 2
    assert raster.cell.min() >= 0


def test_panels_count_their_rows():
    found = patterns(round=[0, 2, 1, 2], score=[1.0] * 4, measured=[1.0] * 4)
    cells = gather_cells(found, "x", "y")
    rounds = rounds_of(found, cells)
    assert rounds is not None
    figure = draw_rounds(cells, rounds, ["#000000", "#ffffff"], "x", "y")
    assert [axes.get_title() for axes in figure.axes] == ["round 0: 1 rows", "round 1: 2 rows", "round 2: 3 rows"]
    plt.close(figure)

"""Show how an adaptive sweep has found a map: the map after some of its rounds, with the rows that were asked until then."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from labrun.kit.patterns import Patterns
from labrun_phase_map.cells import Cells
from labrun_phase_map.raster import nearest_raster

PANELS = 4
"""Rounds that are shown"""


def rounds_of(patterns: Patterns, cells: Cells) -> np.ndarray | None:
    """Return the round in which each cell was asked, (cells,) int; None if the sweep did not go in rounds."""
    if not {"round", "score", "measured"} <= set(patterns.parameters.columns):
        return None
    rounds = np.full(len(cells.x), np.iinfo(np.int64).max)
    np.minimum.at(rounds, cells.cell_of, patterns.parameters["round"].to_numpy(np.int64))
    return rounds


def draw_rounds(cells: Cells, rounds: np.ndarray, colours: Sequence[str], x: str, y: str) -> Figure:
    """Draw the class of the nearest row after some rounds, spread evenly over all of them, and every row until then as a dot: black if it
    was asked since the panel before."""
    last = int(rounds.max())
    shown = list(dict.fromkeys(np.linspace(0, last, PANELS).round().astype(int).tolist()))
    figure, panels = plt.subplots(
        1,
        len(shown),
        figsize=(2.6 * len(shown) + 0.4, 3.0),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    box = (cells.x.min(), cells.x.max()), (cells.y.min(), cells.y.max())
    before = -1
    for axes, end in zip(panels[0], shown, strict=True):
        asked = np.flatnonzero(rounds <= end)
        raster = nearest_raster(cells.x[asked], cells.y[asked], *box)
        axes.pcolormesh(
            raster.x_edges,
            raster.y_edges,
            cells.predicted[asked][raster.cell],
            cmap=ListedColormap(list(colours)),
            vmin=-0.5,
            vmax=len(colours) - 0.5,
            rasterized=True,
        )
        new = (rounds > before) & (rounds <= end)
        for chosen, colour, area in ((rounds <= end, "white", 2.5), (new, "white", 6), (new, "black", 2.5)):
            axes.scatter(cells.x[chosen], cells.y[chosen], s=area, c=colour, linewidths=0, rasterized=True)
        axes.set_title(f"round {end}: {len(asked)} rows")
        axes.set_xlabel(x)
        axes.locator_params(nbins=4)
        before = end
    panels[0][0].set_ylabel(y)
    return figure

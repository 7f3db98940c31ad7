"""Draw a phase map: predicted classes on the left, their probability on the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from labrun.kit.palette import INK, SOFT
from labrun_phase_map.cells import Cells
from labrun_phase_map.raster import Raster

PROBABILITY_COLOURS = "YlOrRd_r"
"""Colour map of the probability, light for 1, so that lines and marks are visible where the class is sure"""
Style: TypeAlias = Literal["-", "--", "-.", ":"]
STYLES: tuple[Style, ...] = ("-", "--", "-.", ":")
DOTS_PER_INCH = 200  # of the cells, which are pixels in the SVG too, since thousands of paths would be slow to display
LEGEND = 8
"""Entries in a row of the legend"""


def draw_map(
    cells: Cells,
    raster: Raster,
    lines: Mapping[str, Sequence[np.ndarray]],
    colours: Sequence[str],
    x: str,
    y: str,
) -> Figure:
    """Draw both panels over the same plane, with the labels `x` and `y`, and a legend of the classes that occur and the lines."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9.4, 4.9), sharex=True, sharey=True, dpi=DOTS_PER_INCH, layout="constrained"
    )
    _fill(left, raster, cells.predicted, ListedColormap(list(colours)), (-0.5, len(colours) - 0.5))
    shown = _fill(right, raster, cells.probability, PROBABILITY_COLOURS, (0.0, 1.0))
    figure.colorbar(shown, ax=right, label="probability of the class", pad=0.02, aspect=30)
    for axes, title in ((left, "predicted class"), (right, "probability")):
        axes.set_title(title)
        axes.set_xlabel(x)
        axes.locator_params(nbins=6)
        _draw_lines(axes, lines)
        if cells.novel is not None:
            size = _dot(axes, raster)
            for colour, area in (("white", 2.5 * size), ("black", size)):
                novel = cells.x[cells.novel], cells.y[cells.novel]
                axes.scatter(*novel, s=area, c=colour, linewidths=0, rasterized=True)
    left.set_ylabel(y)
    occurring = np.flatnonzero(np.bincount(cells.predicted, minlength=len(colours)))
    handles: list[Patch | Line2D] = [Patch(color=colours[i], label=cells.classes[i]) for i in map(int, occurring)]
    handles += [
        Line2D([], [], color=INK, linestyle=_style(i), label=name) for i, name in enumerate(lines) if lines[name]
    ]
    if cells.novel is not None and cells.novel.any():
        handles.append(Line2D([], [], color="black", marker="o", ms=4, mec=SOFT, linestyle="", label="novel"))
    rows = -(-len(handles) // LEGEND)
    figure.legend(handles=handles, loc="outside lower center", ncols=-(-len(handles) // rows), handlelength=1.5)
    return figure


def _fill(
    axes: Axes, raster: Raster, values: np.ndarray, colormap: str | ListedColormap, scale: tuple[float, float]
) -> plt.cm.ScalarMappable:
    shown = np.ma.masked_array(values[raster.cell], raster.cell < 0)
    return axes.pcolormesh(
        raster.x_edges, raster.y_edges, shown, cmap=colormap, vmin=scale[0], vmax=scale[1], rasterized=True
    )


def _draw_lines(axes: Axes, lines: Mapping[str, Sequence[np.ndarray]]) -> None:
    """Draw lines in black on white, which show on cells and where there are none, on light pages and on dark ones."""
    halo = [patheffects.withStroke(linewidth=3, foreground="white")]
    for i, paths in enumerate(lines.values()):
        for path in paths:
            axes.plot(path[:, 0], path[:, 1], color="black", linestyle=_style(i), linewidth=1.3, path_effects=halo)


def _style(i: int) -> Style:
    return STYLES[i % len(STYLES)]


def _dot(axes: Axes, raster: Raster) -> float:
    """Return the area of a dot [points²] that covers a small part of a cell."""
    points = 300 / max(raster.cell.shape)  # a panel is about 300 points wide
    return float(np.clip(0.3 * points, 0.7, 3.5)) ** 2

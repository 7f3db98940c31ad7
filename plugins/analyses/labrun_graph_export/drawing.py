"""Draw a graph over the picture that it was read from."""

from __future__ import annotations

import io
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from labrun.kit.palette import PALETTE
from labrun_spring_networks.drawn import Drawing

__all__ = ["draw_png", "draw_some"]

BOND, SITE = PALETTE[0], PALETTE[3]
WIDTH = 4.0
"""Width of a single picture [inches]"""
COLUMNS = 4


def draw_png(picture: NDArray[np.float64], drawing: Drawing, threshold: float) -> bytes:
    """Return a PNG of one picture without margins."""
    height, width = picture.shape
    figure = Figure(figsize=(WIDTH, WIDTH * height / width), dpi=150)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    _draw_graph(axes, picture, drawing, threshold)
    written = io.BytesIO()
    figure.savefig(written, format="png")
    return written.getvalue()


def draw_some(shown: Sequence[tuple[str, NDArray[np.float64], Drawing]], threshold: float) -> Figure:
    """Draw several pictures with their names."""
    columns = min(len(shown), COLUMNS)
    rows = -(-len(shown) // columns)
    figure, panels = plt.subplots(
        rows, columns, figsize=(2.4 * columns, 2.7 * rows), squeeze=False, layout="constrained"
    )
    for axes, (name, picture, drawing) in zip(panels.flat, shown, strict=False):
        _draw_graph(axes, picture, drawing, threshold)
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"{name}: {len(drawing.sites)} sites, {len(drawing.bonds(threshold))} bonds", fontsize=8)
    for axes in panels.flat[len(shown) :]:
        axes.set_visible(False)
    return figure


def _draw_graph(axes: Axes, picture: NDArray[np.float64], drawing: Drawing, threshold: float) -> None:
    axes.imshow(0.4 + 0.6 * np.clip(picture, 0, 1), cmap="gray", vmin=0, vmax=1)
    axes.add_collection(LineCollection([*drawing.sites[drawing.bonds(threshold)]], colors=BOND, lw=1.2))
    axes.plot(*drawing.sites.T, "o", mfc="none", mec=SITE, ms=5, mew=1.1)

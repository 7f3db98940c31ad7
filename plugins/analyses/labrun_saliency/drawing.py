"""Draw patterns with maps of saliency laid over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from labrun.kit.panels import Scale, make_panels

__all__ = ["Row", "draw_rows"]

ROWS = 8
"""Rows of classes below one another; more stand beside them"""
PANEL = 1.25
"""Width of a picture [inches]"""


@dataclass(frozen=True)
class Row:
    """One example: its class, its picture (height, width), and for each method a map of weights of the same shape."""

    label: str
    picture: np.ndarray
    maps: dict[str, np.ndarray]


def draw_rows(rows: list[Row]) -> Figure:
    """Draw a row for each example: the pattern in grey, then with each map in colour over it."""
    blocks = 1 if len(rows) <= ROWS else 2
    lines = -(-len(rows) // blocks)
    methods = list(rows[0].maps)
    width = len(methods) + 1
    scale = Scale.over([row.picture for row in rows])
    figure, panels = make_panels(
        lines,
        width * blocks,
        rows[0].picture.shape,
        PANEL,
        margins=(0.7 * blocks, 0.3),
        layout=ConstrainedLayoutEngine(w_pad=0.01, h_pad=0.01, wspace=0.01, hspace=0.01),
    )
    for axes in panels.flat:
        axes.set_axis_off()
    for number, row in enumerate(rows):
        block, line = divmod(number, lines)
        own = panels[line, block * width : (block + 1) * width]
        for axes, (name, weights) in zip(own, {"": None, **row.maps}.items(), strict=True):
            axes.set_axis_on()
            scale.draw(axes, row.picture)
            if weights is not None:
                _lay_over(axes, weights)
            if line == 0:
                axes.set_title(name or "pattern", fontsize=8)
        own[0].text(-0.08, 0.5, row.label, transform=own[0].transAxes, ha="right", va="center", fontsize=8)
    return figure


def _lay_over(axes: Axes, weights: np.ndarray) -> None:
    """Lay a map over a picture, from its least value (transparent) to its largest (opaque)."""
    span = float(np.ptp(weights))
    share = (weights - weights.min()) / span if span > 0 else np.zeros(weights.shape)
    axes.imshow(share, cmap="plasma", vmin=0, vmax=1, alpha=share, interpolation="nearest")

"""Patterns with what a network looks at laid over them."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["Row", "draw_rows"]

ROWS = 8
"""Classes in one column of rows; more stand beside them."""
PANEL = 1.25
"""Side of a picture [inches]."""


@dataclass(frozen=True)
class Row:
    """One example: its class, the picture (height, width), and by method a map of weights of the same shape."""

    label: str
    picture: np.ndarray
    maps: dict[str, np.ndarray]


def draw_rows(rows: list[Row]) -> Figure:
    """One row an example: the pattern in grey, then the same with each map in colour over it."""
    blocks = 1 if len(rows) <= ROWS else 2
    lines = -(-len(rows) // blocks)
    methods = list(rows[0].maps)
    width = len(methods) + 1
    low, high = min(row.picture.min() for row in rows), max(row.picture.max() for row in rows)
    figure, panels = plt.subplots(
        lines,
        width * blocks,
        figsize=(PANEL * width * blocks + 0.7 * blocks, PANEL * lines + 0.3),
        squeeze=False,
        layout="constrained",
    )
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0.01, hspace=0.01)  # type: ignore[union-attr, call-arg]
    for axes in panels.flat:
        axes.set_axis_off()
    for number, row in enumerate(rows):
        block, line = divmod(number, lines)
        own = panels[line, block * width : (block + 1) * width]
        for axes, (name, weights) in zip(own, {"": None, **row.maps}.items(), strict=True):
            axes.set_axis_on()
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(color="0.7", linewidth=0.5)  # a flat pattern may be as white as the page
            axes.imshow(row.picture, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
            if weights is not None:
                _lay_over(axes, weights)
            if line == 0:
                axes.set_title(name or "pattern", fontsize=8)
        own[0].text(-0.08, 0.5, row.label, transform=own[0].transAxes, ha="right", va="center", fontsize=8)
    return figure


def _lay_over(axes: Axes, weights: np.ndarray) -> None:
    """The map from its least value (clear) to its largest (opaque)."""
    span = float(np.ptp(weights))
    share = (weights - weights.min()) / span if span > 0 else np.zeros(weights.shape)
    axes.imshow(share, cmap="plasma", vmin=0, vmax=1, alpha=share, interpolation="nearest")

"""Draw the plane."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from labrun.kit.class_colours import class_colours
from labrun.kit.palette import INK, PALETTE, PAPER
from labrun_decision_boundary.plane import Plane

__all__ = ["draw_plane"]

PALEST, DEEPEST = 0.12, 0.6
"""Opacity of the class's colour at the lowest probability and at probability 1"""
TRUE, DASHES = PALETTE[3], (0, (4, 3))
"""Style of the true boundary."""


def draw_plane(
    plane: Plane,
    lines: Sequence[np.ndarray],
    true_lines: Sequence[np.ndarray],
    points: np.ndarray,
    truth: np.ndarray,
    predicted: np.ndarray,
    x_label: str,
    y_label: str,
) -> Figure:
    """Draw regions, learned lines (solid), true lines (dashed), and examples: points (n, 2), their classes and predictions (n,)."""
    colours = class_colours(plane.classes)
    figure, axes = plt.subplots(figsize=(6.4, 4.6), layout="constrained")
    extent = (plane.x[0], plane.x[-1], plane.y[0], plane.y[-1])
    axes.imshow(_shades(plane, colours), origin="lower", extent=extent, aspect="auto", interpolation="bilinear")
    _draw_points(axes, points, truth, predicted, colours)
    for line in lines:
        axes.plot(*line.T, color=INK, lw=2.2)
    for line in true_lines:
        axes.plot(*line.T, color=TRUE, lw=1.6, ls=DASHES)
    axes.set(xlim=extent[:2], ylim=extent[2:], xlabel=x_label, ylabel=y_label)
    handles: list[Patch | Line2D] = [
        Patch(color=colour, alpha=0.7, label=name) for name, colour in zip(plane.classes, colours, strict=True)
    ]
    if lines:
        handles.append(Line2D([], [], color=INK, lw=2.2, label="learned boundary"))
    if true_lines:
        handles.append(Line2D([], [], color=TRUE, lw=1.6, ls=DASHES, label="true boundary"))
    figure.legend(handles=handles, loc="outside upper center", ncols=min(len(handles), 4), fontsize=9)
    return figure


def _shades(plane: Plane, colours: Sequence[str]) -> np.ndarray:
    """Return (y, x, 4): the colour of the most probable class, more transparent where it is less probable."""
    chance = 1 / len(plane.classes)
    sure = (plane.probabilities.max(axis=0) - chance) / (1 - chance)
    depth = (PALEST + (DEEPEST - PALEST) * sure)[..., None]
    return np.concatenate([np.array([to_rgb(colour) for colour in colours])[plane.regions], depth], axis=-1)


def _draw_points(
    axes: Axes, points: np.ndarray, truth: np.ndarray, predicted: np.ndarray, colours: Sequence[str]
) -> None:
    """Draw correct examples small, with an edge like the paper, and above them the wrong ones, with an edge like ink."""
    size = float(np.clip(6000 / max(len(points), 1), 9, 30))
    for wrong, edge in ((False, PAPER), (True, INK)):
        shown = (truth != predicted) == wrong
        x, y = points[shown].T
        fill = [colours[i] for i in truth[shown]]
        scale, width = (1.5, 0.9) if wrong else (1, 0.4)
        axes.scatter(x, y, c=fill, s=scale * size, edgecolors=edge, linewidths=width)

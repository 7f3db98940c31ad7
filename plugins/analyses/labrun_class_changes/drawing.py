"""Draw where classes changed, and which became which."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from labrun.kit.class_colours import class_colours
from labrun.kit.palette import INK, PALETTE, SOFT, fading
from labrun_class_changes.comparison import Comparison
from labrun_class_changes.places import Axis, find_axis

__all__ = ["draw_map", "draw_matrix"]

UNCHANGED = "#e9e9e9"
LINES = 20
"""Lines of a legend in one column"""


def draw_map(comparison: Comparison, x: str, y: str) -> Figure:
    """Draw all members over two parameters: pale grey if their class is as before, else in the colour of the new class.

    Of several members at one place, one that changed is visible.
    """
    changed = comparison.changed
    colours = np.array([to_rgb(colour) for colour in _colours(comparison)])[comparison.after.predicted]
    colours[~changed] = to_rgb(UNCHANGED)
    order = np.argsort(changed, kind="stable")  # those that changed are drawn last
    horizontal, vertical = (comparison.before.parameters[name].to_numpy(float)[order] for name in (x, y))
    figure, axes = plt.subplots(figsize=(7.4, 5.0), layout="constrained")
    columns, rows = find_axis(horizontal), find_axis(vertical)
    if columns is not None and rows is not None:
        _draw_cells(axes, columns, rows, colours[order])
    else:
        _draw_points(axes, horizontal, vertical, colours[order])
    axes.set(xlabel=x, ylabel=y, title=f"{changed.sum():,} of {len(changed):,} members changed")
    axes.title.set_fontsize(10)
    handles = _legend(comparison)
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(1.01, 1),
        borderaxespad=0,
        fontsize=8,
        title="class after",
        title_fontsize=8,
        ncols=-(-len(handles) // LINES),
    )
    return figure


def _draw_cells(axes: Axes, columns: Axis, rows: Axis, colours: np.ndarray) -> None:
    picture = np.ones((len(rows.edges) - 1, len(columns.edges) - 1, 4))
    picture[..., 3] = 0  # transparent where there is no member
    for row, column, colour in zip(rows.cell, columns.cell, colours, strict=True):
        picture[row, column] = [*colour, 1]
    extent = (columns.edges[0], columns.edges[-1], rows.edges[0], rows.edges[-1])
    axes.imshow(picture, origin="lower", extent=extent, aspect="auto", interpolation="nearest")


def _draw_points(axes: Axes, x: np.ndarray, y: np.ndarray, colours: np.ndarray) -> None:
    """Draw points as large as their mean distance, on axes of about 380 by 330 points."""
    axes.scatter(x, y, s=np.clip(0.6 * 380 * 330 / len(x), 4, 150), c=colours, linewidths=0)
    axes.margins(0.03)


def _colours(comparison: Comparison) -> list[str]:
    """Return the colours of the classes after; a class of both keeps its colour from pictures of the first classification."""
    return class_colours(comparison.after.classes, comparison.before.classes)


def _legend(comparison: Comparison) -> list[Patch]:
    """Return a patch for each new class, with its number of changed members."""
    classes = comparison.after.classes
    counts = np.bincount(comparison.after.predicted[comparison.changed], minlength=len(classes))
    colours = _colours(comparison)
    patches = [Patch(color=colours[i], label=f"{classes[i]} ({counts[i]:,})") for i in np.flatnonzero(counts)]
    return [*patches, Patch(color=UNCHANGED, label=f"as before ({int((~comparison.changed).sum()):,})")]


def draw_matrix(counts: pd.DataFrame) -> Figure:
    """Draw members by class before (rows) and after (columns); unchanged ones are grey and do not count for the colours."""
    stayed = np.equal.outer(counts.index.to_numpy(object), counts.columns.to_numpy(object))
    moved = np.where(stayed, 0, counts.to_numpy())
    most = max(1, int(moved.max()))
    height, width = counts.shape
    figure, axes = plt.subplots(figsize=(1.6 + 0.36 * width, 1.4 + 0.3 * height), layout="constrained")
    axes.imshow(moved, cmap=fading(PALETTE[0]), vmin=0, vmax=most, aspect="auto")
    for i, j in np.argwhere(counts.to_numpy() > 0):
        colour = SOFT if stayed[i, j] else "white" if moved[i, j] > 0.5 * most else INK
        axes.text(j, i, f"{counts.iat[i, j]}", ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(range(width), list(counts.columns), rotation=90, fontsize=8)
    axes.set_yticks(range(height), list(counts.index), fontsize=8)
    axes.set(xlabel="after", ylabel="before")
    return figure

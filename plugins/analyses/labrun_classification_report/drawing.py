"""Draw the report: three marks for each class."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labrun.kit.palette import FAINT, INK, PALETTE, SOFT

__all__ = ["draw_report"]

COLUMNS = 3
"""Datasets side by side"""
MARKS = {"precision": (">", PALETTE[0], 40), "recall": ("<", PALETTE[1], 40), "F1": ("o", INK, 9)}
"""Marker, colour and size of each score; F1, which lies between the others, is drawn last"""


def draw_report(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw a panel for each dataset, with a line for each class and for both means, from precision to recall."""
    columns = min(COLUMNS, len(tables))
    rows = -(-len(tables) // columns)
    lines = max(len(table) for table in tables.values())
    size = (4.2 * columns + 1.2, (1.3 + 0.26 * lines) * rows)
    figure, panels = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained", sharex=True)
    for axes in panels.flat[len(tables) :]:
        axes.set_axis_off()
    for axes, (name, table) in zip(panels.flat, tables.items(), strict=False):
        _draw_scores(axes, table)
        axes.set_title(name)
    panels[0, 0].set_xlim(_least(tables), 1.015)
    handles, words = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, words, loc="outside upper center", ncols=len(words))
    return figure


def _draw_scores(axes: Axes, table: pd.DataFrame) -> None:
    heights = np.arange(len(table), dtype=float)
    heights[-2:] += 0.4
    axes.hlines(heights, table["precision"], table["recall"], color=FAINT, lw=2, zorder=1)
    for score, (marker, colour, size) in MARKS.items():
        axes.scatter(table[score], heights, marker=marker, color=colour, s=size, label=score, zorder=2, clip_on=False)
    axes.axhline(heights[-2] - 0.7, color=SOFT, lw=0.8)
    axes.set_yticks(heights, _names(table), fontsize=8)
    axes.set(ylim=(heights[-1] + 0.6, -0.6), xlabel="score")
    axes.grid(True)


def _names(table: pd.DataFrame) -> list[str]:
    """Return the classes with their support, and the names of the means."""
    means = len(table) - 2
    rows = enumerate(zip(table["class"], table["support"], strict=True))
    return [f"{name} ({support:,})" if i < means else f"{name}" for i, (name, support) in rows]


def _least(tables: Mapping[str, pd.DataFrame]) -> float:
    """Return where the axis begins: a little below the least score, on a tenth."""
    least = min(float(table[list(MARKS)].min().min()) for table in tables.values())
    return max(np.floor(10 * (least - 0.02)) / 10, 0.0) - 0.015

"""Histories of reionization as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labrun.parameter_sets import in_words

__all__ = ["draw_history"]

LABELS = {"neutral fraction": "mean neutral fraction", "brightness temperature": "mean δT_b [mK]"}
IN_LEGEND = 16
"""Lines in one column of a legend."""
MARKED = 40
"""Points of a line that are marked each; slices of a light cone are more."""
BRIGHTEST = 0.88  # the yellow end of the map is hard to see on white


def draw_history(history: pd.DataFrame, quantities: Sequence[str], by: str | None, saturated: bool) -> Figure:
    """A panel for each quantity, side by side, over redshift; a line with its band for each value of `by`, dark to light."""
    lines = [*history.groupby(by, dropna=False)] if by is not None else [("", history)]
    shades = mpl.colormaps["viridis"](np.linspace(0, BRIGHTEST, len(lines)))
    figure, grid = plt.subplots(
        1, len(quantities), figsize=(4.6 * len(quantities) + 1.2, 4.2), squeeze=False, layout="constrained"
    )
    for axes, quantity in zip(grid[0], quantities, strict=True):
        for (value, line), shade in zip(lines, shades, strict=True):
            _draw_line(axes, line, quantity, shade, in_words(value))
        axes.set(xlabel="redshift z", ylabel=LABELS[quantity])
        axes.grid(alpha=0.25)
        if quantity == "neutral fraction":
            axes.set_ylim(-0.03, 1.03)
            axes.axhline(0.5, color="0.5", lw=0.8, ls="--")
        elif saturated:
            axes.set_title("saturated limit T_S ≫ T_CMB", fontsize=10)
    if by is not None:
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(
            handles,
            labels,
            loc="outside right upper",
            title=by,
            ncols=-(-len(lines) // IN_LEGEND),
            frameon=False,
            fontsize=9,
            title_fontsize=9,
        )
    return figure


def _draw_line(axes: Axes, line: pd.DataFrame, quantity: str, colour: Any, label: str) -> None:
    z, mean, spread = line["redshift"], line[quantity], line[f"{quantity} spread"]
    axes.plot(z, mean, color=colour, lw=1.6, marker="o" if len(line) <= MARKED else "", ms=4, label=label)
    if spread.notna().all():
        axes.fill_between(z, mean - spread, mean + spread, color=colour, alpha=0.2, lw=0)

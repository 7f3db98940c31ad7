"""Distributions of bubble sizes as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labrun.kit.parameter_sets import in_words
from labrun.kit.value_colours import explain_shades, shades_of

__all__ = ["draw_sizes"]

LEAST = 1e-5
"""dP/dlnR that is shown at least, on a logarithmic axis."""


def draw_sizes(sizes: pd.DataFrame, by: str | None, panels: str | None) -> Figure:
    """dP/dlnR over R: a row of panels for each method, one for each of `panels`; a line for each value of `by`, dark to light.

    Regions have a logarithmic axis, since the one that percolates, a point at the right, holds nearly all of the volume.
    """
    methods = list(sizes["method"].unique())
    parts = [*sizes.groupby(panels, dropna=False)] if panels is not None else [("", sizes)]
    values = sizes[by].drop_duplicates().sort_values() if by is not None else [""]
    colours = shades_of(values)
    figure, grid = _make_grid(methods, len(parts))
    for column, (value, part) in enumerate(parts):
        for axes, method in zip(grid[column], methods, strict=True):
            lines = part[part["method"] == method]
            for key, line in lines.groupby(by, dropna=False) if by is not None else [("", lines)]:
                _draw_line(axes, line.sort_values("R"), colours[key], breaks=method == "regions")
            if method == "regions":
                axes.set(yscale="log", ylim=(LEAST, 10))
            else:
                axes.set_ylim(0, 1.1 * sizes.loc[sizes["method"] == method, "dP/dlnR"].max() or 1)
        if panels is not None:
            grid[column][0].set_title(f"{panels} = {in_words(value)}", fontsize=11)
    if by is not None:
        explain_shades(figure, by, colours)
    return figure


def _make_grid(methods: Sequence[str], parts: int) -> tuple[Figure, Any]:
    """Axes by panel and method; methods lie side by side where there is one panel, else under one another."""
    if parts == 1:
        size = (4.4 * len(methods) + 1.2, 4.2)
        figure, axes = plt.subplots(1, len(methods), figsize=size, sharex=True, squeeze=False, layout="constrained")
        grid = axes
    else:
        size = (3.3 * parts + 1.2, 2.9 * len(methods) + 0.3)
        figure, axes = plt.subplots(
            len(methods), parts, figsize=size, sharex=True, sharey="row", squeeze=False, layout="constrained"
        )
        grid = axes.T
    for method, one in zip(methods, grid[0], strict=True):
        one.set_ylabel(f"dP/dlnR, {method}")
    for one in axes[-1]:
        one.set_xlabel("R [Mpc]")
    for one in axes.flat:
        one.set(xscale="log")
        one.grid(alpha=0.25)
    return figure, grid


def _draw_line(axes: Axes, line: pd.DataFrame, colour: Any, breaks: bool) -> None:
    """A line with its band, which may break where no region is so large."""
    size, share, spread = line["R"], line["dP/dlnR"], line["spread"]
    if breaks:
        share = share.where(share > 0)
    axes.plot(size, share, color=colour, lw=1.6, marker="o", ms=4)
    if spread.notna().all():
        axes.fill_between(size, share - spread, share + spread, color=colour, alpha=0.2, lw=0)

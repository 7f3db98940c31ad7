"""Draw distributions of bubble sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labrun.kit.parameter_sets import equation
from labrun.kit.value_colours import explain_shades, shades_of

__all__ = ["draw_sizes"]

LEAST = 1e-5
"""Smallest dP/dlnR on the logarithmic axis."""


def draw_sizes(sizes: pd.DataFrame, by: str | None, panels: str | None, named: Callable[[str], str]) -> Figure:
    """Draw dP/dlnR over R: rows are methods, columns the values of `panels`, lines the values of `by`, dark to light.

    The axis for regions is logarithmic, since the percolating one, a point at the right, holds nearly all of the volume. `named` returns
    the label of a column.
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
            grid[column][0].set_title(equation(named(panels), value))
    if by is not None:
        explain_shades(figure, named(by), colours)
    return figure


def _make_grid(methods: Sequence[str], parts: int) -> tuple[Figure, Any]:
    """Return axes by panel and method; with a single panel the methods are side by side, else they are stacked."""
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
        one.grid(True)
    return figure, grid


def _draw_line(axes: Axes, line: pd.DataFrame, colour: Any, breaks: bool) -> None:
    """Draw a line and its band; with `breaks`, leave gaps where the distribution is 0."""
    size, share, spread = line["R"], line["dP/dlnR"], line["spread"]
    if breaks:
        share = share.where(share > 0)
    axes.plot(size, share, color=colour, lw=1.6, marker="o", ms=4)
    if spread.notna().all():
        low = share - spread
        shown = (low > 0) | (not breaks)  # a logarithmic axis has no 0
        axes.fill_between(size, low, share + spread, where=shown, color=colour, alpha=0.2, lw=0)

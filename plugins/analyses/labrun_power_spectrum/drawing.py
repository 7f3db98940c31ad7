"""Draw spectra as lines, and cylindrical spectra as pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from labrun.kit.choosing import evenly
from labrun.kit.log_axes import set_plain_ticks
from labrun.kit.palette import SOFT
from labrun.kit.parameter_sets import equation
from labrun.kit.value_colours import explain_shades, shades_of

__all__ = ["draw_cylinders", "draw_lines"]

COLUMNS = 4
MOST = 4
"""Maximum number of cylindrical spectra in a row or column; of more, evenly spaced ones are shown."""
DECADES = 4
"""Decades of power shown below the maximum."""


def draw_lines(
    table: pd.DataFrame, quantity: str, label: str, by: str | None, panels: str | None, named: Callable[[str], str]
) -> Figure:
    """Draw a quantity over k: a line with its band for each value of `by`, dark to light, and a panel for each of `panels`.

    `named` returns the label of a column. Powers have a logarithmic axis, correlations one from −1 to 1.
    """
    parts = [*table.groupby(panels, dropna=False)] if panels else [("", table)]
    figure, shown = _make_panels(len(parts), label)
    colours = shades_of(table[by].drop_duplicates().sort_values() if by else [""])
    for axes, (value, part) in zip(shown, parts, strict=True):
        for key, line in part.groupby(by, dropna=False) if by else [("", part)]:
            _draw_line(axes, line["k"], line[quantity], line["spread"], colours[key])
        if panels:
            axes.set_title(equation(named(panels), value))
        if quantity == "r":
            axes.axhline(0, color=SOFT, lw=0.8)
    for axes in shown:
        set_plain_ticks(axes.xaxis)
    if quantity == "power":
        _scale_powers(shown[0], table["power"])
        set_plain_ticks(shown[0].yaxis)
    else:
        shown[0].set_ylim(-1.05, 1.05)
    if by is not None:
        explain_shades(figure, named(by), colours)
    return figure


def _make_panels(number: int, label: str) -> tuple[Figure, list[Axes]]:
    rows = -(-number // COLUMNS)
    columns = -(-number // rows)
    size = (7.2, 4.8) if number == 1 else (3.3 * columns + 1.2, 3.2 * rows + 0.3)
    figure, grid = plt.subplots(
        rows, columns, figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    for axes in grid.flat[number:]:
        axes.set_axis_off()
    shown = list(grid.flat[:number])
    for place, axes in enumerate(shown):
        axes.set(xscale="log")
        axes.grid(True)
        if place % columns == 0:
            axes.set_ylabel(label)
        if place + columns >= number:
            axes.set_xlabel("k [1/Mpc]")
            axes.tick_params(labelbottom=True)
    return figure, shown


def _draw_line(axes: Axes, k: pd.Series, values: pd.Series, spread: pd.Series, colour: Any) -> None:
    axes.plot(k, values, color=colour, lw=1.6, marker="o", ms=3)
    if spread.notna().all():
        axes.fill_between(k, values - spread, values + spread, color=colour, alpha=0.2, lw=0)


def _scale_powers(axes: Axes, powers: pd.Series) -> None:
    """Make the axis logarithmic if there is any power, without room for bands that reach down to 0."""
    positive = powers[powers > 0]
    if len(positive):
        top = positive.max()
        axes.set(yscale="log", ylim=(max(positive.min() / 2, top / 10**DECADES), 2 * top))


def draw_cylinders(
    table: pd.DataFrame,
    columns: Sequence[str],
    wedges: Mapping[Any, float],
    label: str,
    named: Callable[[str], str],
) -> Figure:
    """Draw P(k⊥, k∥) for each group of members, with the last of the columns from left to right, and the border of the wedge.

    `wedges` holds k∥ / k⊥ at the border, by values of the columns.
    """
    groups = dict([*table.groupby(list(columns), dropna=False)]) if columns else {(): table}
    rows = _some({key[:-1] for key in groups})
    across = _some({key[-1:] for key in groups})
    size = (2.1 * len(across) + 1.4, 1.9 * len(rows) + 0.5)
    figure, grid = plt.subplots(
        len(rows), len(across), figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    norm = _norm(table["power"])
    for places, row in zip(grid, rows, strict=True):
        for axes, column in zip(places, across, strict=True):
            key = (*row, *column)
            if key not in groups:
                axes.set_axis_off()
                continue
            axes.set_title(", ".join(equation(named(n), v) for n, v in zip(columns, key, strict=True)))
            shown = _draw_cylinder(axes, groups[key], norm)
            if key in wedges:
                _draw_wedge(axes, wedges[key])
    for axes in grid[:, 0]:
        axes.set_ylabel("k∥ [1/Mpc]")
    for axes in grid[-1]:
        axes.set_xlabel("k⊥ [1/Mpc]")
    figure.colorbar(shown, ax=grid, label=label, pad=0.02, aspect=30)
    return figure


def _some(values: set[Any]) -> list[Any]:
    """Return at most MOST evenly spaced values, ascending."""
    ordered = sorted(values)
    return [ordered[i] for i in evenly(len(ordered), MOST)]


def _norm(powers: pd.Series) -> LogNorm:
    top = powers.max() if powers.max() > 0 else 1.0
    low = powers[powers > 0].min() if powers.max() > 0 else 0.1
    return LogNorm(max(low, top / 10**DECADES), top)


def _draw_cylinder(axes: Axes, table: pd.DataFrame, norm: LogNorm) -> Any:
    picture = table.pivot_table(index="k along, low", columns="k across, low", values="power")
    x = [*picture.columns, table["k across, high"].max()]
    y = [*picture.index, table["k along, high"].max()]
    axes.set(xscale="log", yscale="log")
    if not (picture > 0).any(axis=None):
        axes.text(0.5, 0.5, "no power", color=SOFT, ha="center", va="center", transform=axes.transAxes)
    return axes.pcolormesh(x, y, picture.where(picture > 0), norm=norm, cmap="viridis", rasterized=True)


def _draw_wedge(axes: Axes, slope: float) -> None:
    x, y = np.array(axes.get_xlim()), axes.get_ylim()
    axes.plot(x, slope * x, color="white", ls="--", lw=1.4)
    axes.set(xlim=x, ylim=y)
    axes.text(0.96, 0.04, "wedge", color="white", fontsize=9, ha="right", transform=axes.transAxes)

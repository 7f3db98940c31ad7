"""Draw learning curves."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axis import Axis
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from labrun.kit.class_colours import class_colours
from labrun.kit.value_colours import shades_of

__all__ = ["draw_curves"]

MARKS = "osD^vP*X"
INSIDE = 6
"""Up to this many curves, the legend is inside the axes."""


def draw_curves(
    points: pd.DataFrame, curve: pd.DataFrame, x: str, y: str, by: str | None, log_x: bool, log_y: bool
) -> Figure:
    """Draw means with standard errors, joined by lines, over single rows as small dots; one colour for each curve."""
    values = list(dict.fromkeys(curve["by"]))
    beside = len(values) > INSIDE
    figure, axes = plt.subplots(figsize=(7.4 if beside else 5.8, 4), layout="constrained")
    axes.set_xscale("log" if log_x else "linear")
    axes.set_yscale("log" if log_y else "linear")
    for i, (value, colour) in enumerate(zip(values, _colours(values), strict=True)):
        own, mean = points[points["by"] == value], curve[curve["by"] == value]
        repeated = own.groupby("x")["y"].transform("size") > 1
        axes.plot(own["x"][repeated], own["y"][repeated], ".", color=colour, ms=7, alpha=0.45, mew=0)
        axes.errorbar(
            mean["x"],
            mean["mean"],
            mean["error"].fillna(0),
            color=colour,
            marker=MARKS[i % len(MARKS)],
            ms=6,
            lw=1.5,
            elinewidth=1.2,
            capsize=3,
            label=_label(value),
        )
    if log_x:
        _set_ticks_at(axes.xaxis, curve["x"].to_numpy())
    if log_y:
        _set_plain_ticks(axes.yaxis, points["y"].to_numpy())
    axes.set(xlabel=_words(x), ylabel=_words(y))
    axes.grid(True, which="both")
    if by is not None:
        place = {"loc": "center left", "bbox_to_anchor": (1.01, 0.5)} if beside else {"loc": "best"}
        axes.legend(title=_words(by), **place)
    return figure


def _colours(values: Sequence[object]) -> list[str]:
    """Return shades from dark to light for numbers, which have an order, else the colours of classes."""
    if len(values) > 1 and all(isinstance(value, int | float | np.number) for value in values):
        return [to_hex(shade) for shade in shades_of(range(len(values))).values()]
    return class_colours([str(value) for value in values])


def _set_ticks_at(axis: Axis, values: np.ndarray) -> None:
    """Put the ticks of a logarithmic axis at the values that occur: they are few, and seldom powers of ten."""
    values = np.unique(values)
    apart = np.log(values[-1] / values[0]) / 14
    ticks = [values[0]]
    for value in values[1:]:
        if np.log(value / ticks[-1]) >= apart:
            ticks.append(value)
    axis.set_major_locator(FixedLocator(ticks))
    _write_plainly(axis)


def _set_plain_ticks(axis: Axis, values: np.ndarray) -> None:
    """Put the ticks of a logarithmic axis at 1, 2 and 5 of each decade, or evenly over a narrow range."""
    narrow = np.log10(values.max() / values.min()) < 0.7
    axis.set_major_locator(MaxNLocator(6) if narrow else LogLocator(subs=(1, 2, 5)))
    _write_plainly(axis)


def _write_plainly(axis: Axis) -> None:
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def _label(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _words(column: str) -> str:
    return column.replace("_", " ")

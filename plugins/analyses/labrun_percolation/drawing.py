"""Draw curves of percolation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from labrun.kit.class_colours import class_colours
from labrun.kit.palette import SOFT
from labrun.kit.parameter_sets import in_words
from labrun.kit.value_colours import SHADES
from labrun_percolation.curves import LARGEST, WINDING

__all__ = ["draw_curves"]

FEW = 8
"""Curves that a legend can distinguish; more get a colour bar."""


def draw_curves(
    curves: Sequence[tuple[Any, pd.DataFrame]],
    thresholds: Sequence[pd.DataFrame],
    by: str | None,
    x: str,
    named: Callable[[str], str],
) -> Figure:
    """Draw the largest cluster on the left, and on the right the winding probability, with rings where it crosses 1/2.

    `curves` are pairs of a value of `by` and its points; `thresholds` are the crossings of each curve; `named` returns the label
    of a column.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), sharex=True, layout="constrained")
    colours, scale = _colours([value for value, _ in curves])
    right.axhline(0.5, color=SOFT, lw=1, ls="--")
    for (value, points), crossings, colour in zip(curves, thresholds, colours, strict=True):
        for axes, name in ((left, LARGEST), (right, WINDING)):
            _draw(axes, points, x, name, colour, in_words(value))
        right.plot(crossings[x], [0.5] * len(crossings), "o", ms=9, mfc="none", mec=colour, mew=1.3, zorder=3)
    left.set_ylabel("largest cluster / particles")
    right.set_ylabel("winding probability")
    for axes in (left, right):
        axes.set(xlabel=named(x), ylim=(-0.03, 1.03))
        axes.grid(True)
    if scale is not None:
        bar = figure.colorbar(scale, ax=[left, right], label=named(by or ""), pad=0.02, aspect=30, format="%.3g")
        if isinstance(scale.norm, LogNorm):
            bar.set_ticks(list(np.geomspace(*scale.get_clim(), 5)))
            bar.minorticks_off()
    elif by is not None:
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper", title=named(by))
    return figure


def _colours(values: Sequence[Any]) -> tuple[list[Any], ScalarMappable | None]:
    """Return a colour for each curve, light for large values, and for many numbers the scale of a colour bar."""
    if not all(isinstance(value, int | float | np.number) for value in values):
        return list(class_colours([in_words(value) for value in values])), None
    if len(values) <= FEW:
        return [SHADES(place) for place in np.linspace(0, 1, len(values))], None
    low, high = min(values), max(values)
    norm = LogNorm(low, high) if low > 0 and high / low >= 10 else Normalize(low, high)
    scale = ScalarMappable(norm, SHADES)
    return [scale.to_rgba(value) for value in values], scale


def _draw(axes: Axes, points: pd.DataFrame, x: str, name: str, colour: Any, label: str) -> None:
    errors = points[f"{name} error"].fillna(0)
    axes.errorbar(points[x], points[name], errors, color=colour, marker="o", ms=4, lw=1, elinewidth=0.8, label=label)

"""Draw distributions of cluster sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from labrun.kit.class_colours import class_colours
from labrun.kit.parameter_sets import ParameterSet, in_words, varying
from labrun.kit.value_colours import SHADES

__all__ = ["draw_distributions"]

FEW = 8
"""Curves that a legend can distinguish; more get a colour bar."""
PANELS = 12
COLUMNS = 4


@dataclass(frozen=True)
class Colours:
    """A colour for each curve, and their legend or the scale of their colour bar."""

    curves: list[Any]
    title: str
    legend: list[tuple[str, Any]]
    scale: ScalarMappable | None = None


def draw_distributions(sets: Sequence[ParameterSet], curves: Sequence[pd.DataFrame]) -> Figure:
    """Draw p(s) over s on logarithmic axes, with error bars where errors are known.

    If there are few sets, each has its own colour. Many are coloured by one column, the one with the most distinct numbers, with a panel
    for each combination of the others, unless there would be too many panels.
    """
    names = varying(sets)
    if len(sets) <= FEW:
        colours, panels = _by_label(sets, names), [""] * len(sets)
    else:
        column = max(names, key=lambda name: (_is_numeric(sets, name), len({repr(s.values[name]) for s in sets})))
        colours = _by_column(sets, column)
        panels = [one.title([name for name in names if name != column]) for one in sets]
    titles = list(dict.fromkeys(panels))
    if len(titles) > PANELS:
        titles, panels = [""], [""] * len(sets)
    figure, axes = _make_panels(titles)
    crowded = len(sets) / len(titles) > 3 * FEW
    for panel, colour, curve in zip(panels, colours.curves, curves, strict=True):
        _draw_curve(axes[panel], curve, colour, crowded)
    heights = pd.concat([curve["probability density"] for curve in curves])
    next(iter(axes.values())).set_ylim(heights[heights > 0].min() / 2, 2)  # the lower end of a bar may be 0
    _explain(figure, list(axes.values()), colours)
    return figure


def _by_label(sets: Sequence[ParameterSet], varying: Sequence[str]) -> Colours:
    shades = [SHADES(place) for place in np.linspace(0, 1, len(sets))]
    if len(varying) == 1:
        labels = [in_words(one.values[varying[0]]) for one in sets]
        return Colours(shades, sets[0].labels.get(varying[0], varying[0]), list(zip(labels, shades, strict=True)))
    return Colours(shades, "", [(one.title(varying), shade) for one, shade in zip(sets, shades, strict=True)])


def _by_column(sets: Sequence[ParameterSet], column: str) -> Colours:
    values, title = [one.values[column] for one in sets], sets[0].labels.get(column, column)
    if not _is_numeric(sets, column):
        words = [in_words(value) for value in values]
        named = dict(zip(dict.fromkeys(words), class_colours(list(dict.fromkeys(words))), strict=True))
        return Colours([named[word] for word in words], title, list(named.items()))
    ordered = sorted(set(values))
    if len(ordered) <= FEW:
        shades = dict(zip(ordered, SHADES(np.linspace(0, 1, len(ordered))), strict=True))
        legend = [(in_words(value), shade) for value, shade in shades.items()]
        return Colours([shades[value] for value in values], title, legend)
    low, high = ordered[0], ordered[-1]
    norm = LogNorm(low, high) if low > 0 and high / low >= 10 else Normalize(low, high)
    scale = ScalarMappable(norm, SHADES)
    return Colours([scale.to_rgba(value) for value in values], title, [], scale)


def _is_numeric(sets: Sequence[ParameterSet], column: str) -> bool:
    values = [one.values[column] for one in sets]
    return all(isinstance(value, Real) and math.isfinite(value) for value in values)


def _make_panels(titles: Sequence[str]) -> tuple[Figure, dict[str, Axes]]:
    rows = -(-len(titles) // COLUMNS)
    columns = -(-len(titles) // rows)
    size = (7.4, 5.2) if len(titles) == 1 else (3.3 * columns + 1.2, 3.1 * rows + 0.3)
    figure, grid = plt.subplots(
        rows, columns, figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    for axes in grid.flat[len(titles) :]:
        axes.set_axis_off()
    named = dict(zip(titles, grid.flat, strict=False))
    for place, (title, axes) in enumerate(named.items()):
        axes.set(xscale="log", yscale="log")
        axes.set_title(title)
        axes.grid(True)
        if place % columns == 0:
            axes.set_ylabel("probability p(s)")
        if place + columns >= len(titles):
            axes.set_xlabel("cluster size s [sites]")
            axes.tick_params(labelbottom=True)
    return figure, named


def _draw_curve(axes: Axes, curve: pd.DataFrame, colour: Any, crowded: bool) -> None:
    """Draw a line with gaps at empty bins."""
    density = curve["probability density"].where(curve["count"] > 0)
    errors = None if crowded or curve["error"].isna().any() else curve["error"]
    style: dict[str, Any] = {"lw": 0.7, "ms": 1.5} if crowded else {"lw": 1, "ms": 3, "elinewidth": 0.8}
    axes.errorbar(curve["centre"], density, errors, color=colour, marker="o", **style)


def _explain(figure: Figure, panels: Sequence[Axes], colours: Colours) -> None:
    """Add a legend or a colour bar."""
    if colours.scale is not None:
        bar = figure.colorbar(colours.scale, ax=list(panels), label=colours.title, pad=0.02, aspect=30, format="%.3g")
        if isinstance(colours.scale.norm, LogNorm):
            bar.set_ticks(list(np.geomspace(*colours.scale.get_clim(), 5)))
            bar.minorticks_off()
    elif len(colours.legend) > 1:
        handles = [Line2D([], [], color=shade, marker="o", ms=4, label=word) for word, shade in colours.legend]
        figure.legend(
            handles=handles,
            loc="outside right upper",
            title=colours.title or None,
        )

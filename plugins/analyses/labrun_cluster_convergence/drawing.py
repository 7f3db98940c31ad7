"""Draw series and the start of their steady state."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from numbers import Real

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, Colormap, ListedColormap
from matplotlib.figure import Figure

from labrun.kit.log_axes import set_plain_ticks
from labrun.kit.palette import FAINT, INK, PALETTE
from labrun.kit.parameter_sets import varying
from labrun.kit.value_colours import SHADES
from labrun_cluster_convergence.convergence import Convergence
from labrun_cluster_convergence.rolling import roll
from labrun_cluster_convergence.sources import Observable

__all__ = ["draw_member", "draw_overview"]

SERIES = "#9aa3b2"
"""A grey that pixels can have on light and on dark pages"""
NAMES: dict[Observable, str] = {
    "mean_cluster_size": r"mean cluster size $\langle s\rangle_w$ [sites]",
    "largest_cluster": "largest cluster [sites]",
    "clusters": "number of clusters",
    "single_fraction": "share of single particles",
    "blocked_fraction": "share of blocked particles",
}
TIMES = {"sweeps": "sweeps", "iterations": "iteration"}
"""Label of the time axis for each unit"""
POINTS = 1000
"""Points of a smooth curve as wide as a page"""
LEGEND = 10
"""Up to this many sets of parameters have a legend; more have a colour bar"""
WIDE = 5
"""Ratio of the longest to the shortest run, or of the largest to the smallest mean, above which an axis is logarithmic"""


def draw_member(one: Convergence, replica: int, window: float, observable: Observable, title: str) -> Figure:
    """Draw the series of one replica, its rolling mean and band, and the steady state with its mean."""
    figure = Figure(figsize=(7.6, 4.0), dpi=200, layout="constrained")  # pyplot warns beyond 20 figures
    axes = figure.subplots()
    times, series, state = one.times, one.values[replica], one.states[replica]
    mean, spread = roll(series, _looks_in(window, series))
    few = _thin(len(times))
    axes.plot(times, series, color=SERIES, lw=0.6, rasterized=len(times) > POINTS, label="series")
    band = (times[few], (mean - spread)[few], (mean + spread)[few])
    axes.fill_between(*band, color=PALETTE[0], alpha=0.22, lw=0, label="± one rolling s.d.")
    axes.plot(times[few], mean[few], color=PALETTE[0], lw=1.6, label="rolling mean")
    if one.start > 0:
        axes.axvspan(times[0], one.start_time, color=FAINT, alpha=0.5, lw=0, zorder=0, label="discarded")
    axes.axvline(one.start_time, color=INK, lw=1.2, ls="--", label=f"start: {one.start_time:g}")
    ends = [one.start_time, times[-1]]
    error = 0.0 if math.isnan(state.error) else state.error
    axes.fill_between(ends, state.mean - error, state.mean + error, color=PALETTE[3], alpha=0.35, lw=0)
    axes.plot(ends, [state.mean] * 2, color=PALETTE[3], lw=1.2, label=f"mean: {_with_error(state.mean, state.error)}")
    axes.set(xlabel=TIMES[one.unit], ylabel=NAMES[observable])
    axes.margins(x=0.01)
    axes.set_title("\n".join(textwrap.wrap(title, 90)))
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def draw_overview(found: Sequence[Convergence], window: float, observable: Observable) -> Figure:
    """Draw the rolling mean of the replicas' average of each set of parameters: thin before the steady state, bold in it."""
    figure = Figure(figsize=(7.6, 4.4), layout="constrained")
    axes = figure.subplots()
    colours = _colours(len(found))
    logarithmic = _is_wide([float(one.times[-1]) for one in found])
    for one, colour in zip(found, colours(np.arange(len(found))), strict=True):
        _draw_average(axes, one, window, colour, bold=2.0 if len(found) <= LEGEND else 1.2, logarithmic=logarithmic)
    axes.set(xlabel=TIMES[found[0].unit], ylabel=NAMES[observable])
    if logarithmic:
        axes.set_xscale("log")
    if _is_wide([one.mean for one in found]):
        axes.set_yscale("log")
        set_plain_ticks(axes.yaxis)
    axes.grid(True)
    _explain_colours(figure, axes, found, colours)
    return figure


def _draw_average(
    axes: Axes, one: Convergence, window: float, colour: np.ndarray, bold: float, logarithmic: bool
) -> None:
    average = one.values.mean(axis=0)
    mean, _ = roll(average, _looks_in(window, average))
    shown = np.union1d(_thin(len(average), logarithmic), one.start)
    if logarithmic:
        shown = shown[one.times[shown] > 0]
    before, after = shown[shown <= one.start], shown[shown >= one.start]
    axes.plot(one.times[before], mean[before], color=colour, lw=0.45 * bold, alpha=0.7)
    axes.plot(one.times[after], mean[after], color=colour, lw=bold, label=one.title)
    start = after[:1]  # on a logarithmic axis the first that it can show
    axes.plot(one.times[start], mean[start], "o", color=colour, ms=6, mec=INK, mew=0.8, zorder=3)


def _explain_colours(figure: Figure, axes: Axes, found: Sequence[Convergence], colours: Colormap) -> None:
    """Add a legend, or for many sets a colour bar of the one parameter that varies, else of the row."""
    if len(found) == 1:
        return
    if len(found) <= LEGEND:
        longest = max(len(one.title) for one in found)
        figure.legend(loc="outside lower center", ncols=max(1, min(4, 100 // (longest + 8))), fontsize=9)
        return
    names = varying([one.parameters for one in found])
    ticks = np.linspace(0, len(found) - 1, 6).round().astype(int)
    shown = ScalarMappable(BoundaryNorm(np.arange(len(found) + 1) - 0.5, len(found)), colours)
    bar = figure.colorbar(shown, ax=axes, ticks=ticks, pad=0.02, aspect=30)
    bar.minorticks_off()
    values = [found[i].parameters.values[names[0]] for i in ticks] if len(names) == 1 else []
    if values and all(isinstance(value, Real) for value in values):
        bar.set_label(found[0].parameters.labels.get(names[0], names[0]))
        bar.set_ticklabels([f"{value:.3g}" for value in values])
    else:
        bar.set_label("row of the table 'groups'")


def _colours(sets: int) -> ListedColormap:
    """Return a colour for each set, from dark to light."""
    return ListedColormap(SHADES(np.linspace(0, 1, sets)))


def _is_wide(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) > WIDE * min(values)


def _looks_in(window: float, series: np.ndarray) -> int:
    return max(1, round(window * len(series)))


def _thin(looks: int, logarithmic: bool = False) -> np.ndarray:
    """Return indices of at most about `POINTS` looks, evenly spaced on the axis."""
    spaced = np.geomspace(1, looks, POINTS) - 1 if logarithmic else np.linspace(0, looks - 1, POINTS)
    return np.unique(spaced.round().astype(int))


def _with_error(mean: float, error: float) -> str:
    """Return `38.7 ± 0.5`: one digit of the error, two if it begins with 1."""
    if not error > 0:
        return f"{mean:.4g}"
    digits = max(0, -math.floor(math.log10(error)) + (f"{error:e}"[0] == "1"))
    return f"{mean:.{digits}f} ± {error:.{digits}f}"

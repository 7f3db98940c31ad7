"""Draw predictions and errors against the truth, a panel for each of a few predictors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatterMathtext, LogLocator, NullLocator

from labrun import Quantity
from labrun.kit.palette import PAPER, SOFT, fading
from labrun_regression.judgement import Judgement
from labrun_regression.predictors import Predictor
from labrun_regression.scores import SCORES, is_constant

__all__ = ["draw_errors", "draw_predictions", "shown_predictors"]

PANELS = 4
LEAST_FOR_VIOLIN = 10
"""Examples of a violin; fewer are drawn as points."""
MANY_POINTS = 3000
"""From this number on, points are counted in cells."""
CELLS = 50
"""Along each side of the plane of truth and prediction."""
BINS = 8
"""Groups of examples of similar truth, where there are many true values."""
LINEAR = Quantity("")
RESOLUTION = 200  # dots per inch of what is drawn as pixels in the SVG too


@dataclass(frozen=True)
class Level:
    """Examples of one true value, or of similar ones."""

    label: str
    examples: np.ndarray
    """(n,) positions in the dataset"""
    truth: float


def shown_predictors(predictors: Sequence[Predictor]) -> list[int]:
    """Return the positions of at most 4 predictors, the first of each kind; one panel is kept for a baseline."""
    first = {one.kind: i for i, one in reversed([*enumerate(predictors)])}
    order = sorted(first.values())
    networks = [i for i in order if predictors[i].is_network]
    methods = [i for i in order if not predictors[i].is_network]
    return (networks[: PANELS - bool(methods)] + methods)[:PANELS]


def draw_predictions(judgement: Judgement, shown: Sequence[int]) -> tuple[Figure, str]:
    """Draw predicted against true on equal axes, with the diagonal. Return the figure and its caption."""
    figure, panels = _make_panels(shown, 3.4, 3.9)
    limits = _limits(judgement)
    low, high = _frame(judgement, shown, limits)
    for axes, i in zip(panels, shown, strict=True):
        _set_scale(axes, judgement.quantity)
        above = judgement.values is None  # which points and cells would hide
        axes.plot([low, high], [low, high], color=SOFT, lw=1, ls="--", zorder=5 if above else 1)
        drawn = np.clip(judgement.predictions[i], *limits)
        if judgement.values is not None:
            _draw_at_values(axes, judgement, drawn, judgement.predictors[i].colour)
        else:
            _draw_points(axes, judgement, drawn, judgement.predictors[i].colour)
        axes.set(xlim=(low, high), ylim=(low, high), aspect="equal", xlabel=f"true {judgement.quantity}")
        axes.set_title(_title(judgement, i))
        axes.grid(True)
    panels[0].set_ylabel(f"predicted {judgement.quantity}")
    return figure, _describe_predictions(judgement) + _beyond(judgement, shown, limits)


def draw_errors(judgement: Judgement, shown: Sequence[int]) -> tuple[Figure, str]:
    """Draw violins of prediction − truth for each true value, or for examples of similar truth. Return the figure and its caption."""
    figure, panels = _make_panels(shown, 3.6, 3.6)
    limits, levels = _limits(judgement), _levels(judgement)
    counts = [len(level.examples) for level in levels]
    alike = len(set(counts)) == 1
    labels = [level.label if alike else f"{level.label} ({n})" for level, n in zip(levels, counts, strict=True)]
    for axes, i in zip(panels, shown, strict=True):
        errors = np.clip(judgement.predictions[i], *limits) - judgement.truth
        axes.axhline(0, color=SOFT, lw=1, ls="--", zorder=1)
        for place, level in enumerate(levels):
            _draw_violin(axes, place, errors[level.examples], 0.42, LINEAR, LINEAR, judgement.predictors[i].colour)
        steep = len(levels) > 5 or max(map(len, labels)) > 7
        axes.set_xticks(
            range(len(levels)), labels, rotation=90 if steep else 0, fontsize=8 if len(levels) <= 15 else 6.5
        )
        axes.set_xlabel(f"true {judgement.quantity}\n" + (f"{counts[0]} examples each" if alike else "(examples)"))
        axes.set_title(_title(judgement, i))
        axes.set_xlim(-0.7, len(levels) - 0.3)
        axes.grid(axis="y")
    panels[0].set_ylabel(f"error of {judgement.quantity}")
    which = "each true value" if judgement.values is not None else "examples of similar truth, equally many each"
    caption = f"Errors (prediction − truth) on '{judgement.dataset}', for {which}. Dots are medians, bars span the middle half."
    return figure, caption + _beyond(judgement, shown, limits)


# --- the parts of a figure --------------------------------------------------------------------------------------------------


def _make_panels(shown: Sequence[int], width: float, height: float) -> tuple[Figure, list[Axes]]:
    figure, panels = plt.subplots(
        1,
        len(shown),
        figsize=(width * len(shown) + 0.7, height),
        sharex=True,
        sharey=True,
        squeeze=False,
        dpi=RESOLUTION,
        layout="constrained",
    )
    return figure, list(panels[0])


def _title(judgement: Judgement, i: int) -> str:
    name = judgement.predictors[i].name
    if is_constant(judgement.predictions[i]):
        return f"{_short(name)}\ndead"
    r, mae, *_ = judgement.scores[i]
    return f"{_short(name)}\nr = {r:.3f}, {SCORES['mae']} = {mae:.2g}"


def _short(name: str) -> str:
    return name if len(name) <= 36 else name[:35] + "…"


def _limits(judgement: Judgement) -> tuple[float, float]:
    """Return the least and greatest number that is drawn, in the unit of the quantity: the range of the truth, extended on both sides by
    itself (by half of itself on a logarithmic scale).

    A logarithmic axis cannot show predictions below 0, and one that is far off would flatten all others.
    """
    scaled = judgement.quantity.scaled(judgement.truth)
    span = np.ptp(scaled) or max(abs(float(scaled[0])), 1.0)
    reach = span if judgement.quantity.scale == "linear" else span / 2
    low, high = judgement.quantity.value(np.array([scaled.min() - reach, scaled.max() + reach]))
    return float(low), float(high)


def _frame(judgement: Judgement, shown: Sequence[int], limits: tuple[float, float]) -> tuple[float, float]:
    """Return the ends of both axes: all that is drawn, and a margin."""
    drawn = np.clip(judgement.predictions[list(shown)], *limits)
    scaled = judgement.quantity.scaled(np.concatenate([drawn.ravel(), judgement.truth]))
    margin = 0.09 * np.ptp(scaled) or 1.0
    low, high = judgement.quantity.value(np.array([scaled.min() - margin, scaled.max() + margin]))
    return float(low), float(high)


def _set_scale(axes: Axes, quantity: Quantity) -> None:
    if quantity.scale == "linear":
        axes.locator_params(nbins=6)
        return
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(base=2, numticks=8))
        axis.set_major_formatter(LogFormatterMathtext(base=2))
        axis.set_minor_locator(NullLocator())


def _draw_at_values(axes: Axes, judgement: Judgement, drawn: np.ndarray, colour: str) -> None:
    levels = _levels(judgement)
    places = judgement.quantity.scaled(np.array([level.truth for level in levels]))
    for place, width, level in zip(places, _widths(places), levels, strict=True):
        _draw_violin(axes, place, drawn[level.examples], width, judgement.quantity, judgement.quantity, colour)


def _widths(places: np.ndarray) -> np.ndarray:
    """Return half the width of each violin, so that they do not touch and none is wider than 7 % of the axis."""
    if len(places) == 1:
        return np.array([0.3])
    gaps = np.diff(places)
    nearest = np.minimum(np.append(gaps, gaps[-1]), np.insert(gaps, 0, gaps[0]))
    return np.minimum(0.42 * nearest, 0.07 * np.ptp(places))


def _draw_violin(
    axes: Axes, place: float, values: np.ndarray, width: float, across: Quantity, along: Quantity, colour: str
) -> None:
    """Draw the density of `values` at `place`, which is scaled already; density and widths are taken on the scales of the axes."""
    from scipy.stats import gaussian_kde

    scaled = along.scaled(values)
    if len(values) >= LEAST_FOR_VIOLIN and not is_constant(scaled):
        at = np.linspace(scaled.min(), scaled.max(), 120)
        density = gaussian_kde(scaled)(at)
        reach = width * density / density.max()
        left, right = across.value(place - reach), across.value(place + reach)
        axes.fill_betweenx(along.value(at), left, right, color=colour, alpha=0.4, lw=0.6, zorder=2)
        quarters = along.value(np.quantile(scaled, [0.25, 0.75]))
        axes.plot(across.value(np.array([place, place])), quarters, color=colour, lw=3, solid_capstyle="butt", zorder=3)
    else:
        aside = (np.arange(len(values)) * 0.618034) % 1 - 0.5  # evenly spread, whatever their number
        axes.plot(across.value(place + width * aside), values, ".", color=colour, ms=4, alpha=0.5, zorder=2)
    axes.plot(
        across.value(np.array([place])), [np.median(values)], "o", ms=4.5, mfc=PAPER, mec=colour, mew=1.2, zorder=4
    )


def _draw_points(axes: Axes, judgement: Judgement, drawn: np.ndarray, colour: str) -> None:
    if len(drawn) < MANY_POINTS:
        axes.scatter(judgement.truth, drawn, s=9, color=colour, alpha=0.45, linewidths=0, zorder=2, rasterized=True)
        return
    quantity = judgement.quantity
    counts, across, along = np.histogram2d(quantity.scaled(judgement.truth), quantity.scaled(drawn), CELLS)
    shown = np.ma.masked_equal(counts.T, 0)
    edges = quantity.value(across), quantity.value(along)
    colours = fading(colour)
    axes.pcolormesh(*edges, shown, cmap=colours, norm=LogNorm(vmin=0.3), zorder=2, rasterized=True)


def _levels(judgement: Judgement) -> list[Level]:
    """Return the true values or, where there are many, groups of similar truth with equally many examples."""
    truth = judgement.truth
    if judgement.values is not None:
        return [Level(f"{value:.3g}", np.flatnonzero(truth == value), float(value)) for value in judgement.values]
    order = np.argsort(truth, kind="stable")
    parts = np.array_split(order, min(BINS, max(1, len(truth) // LEAST_FOR_VIOLIN)))
    return [Level(f"{truth[part[0]]:.2g}–{truth[part[-1]]:.2g}", part, float(np.median(truth[part]))) for part in parts]


# --- its caption ------------------------------------------------------------------------------------------------------------


def _describe_predictions(judgement: Judgement) -> str:
    if judgement.values is not None:
        how = "at each true value; dots are medians, bars span the middle half"
    else:
        how = "for every example" + (
            ", counted in cells (logarithmic shades)" if len(judgement.truth) >= MANY_POINTS else ""
        )
    return (
        f"Predicted against true {judgement.quantity.name} on '{judgement.dataset}', {how}. Perfect predictions lie on the dashed line."
        f"{_least_error(judgement)}"
    )


def _least_error(judgement: Judgement) -> str:
    """Name the predictor with the least error, and the best of the other sort: a baseline or a network."""
    mae = judgement.scores[:, list(SCORES).index("mae")]
    order = sorted(range(len(mae)), key=lambda i: float(mae[i]))
    first = order[0]
    others = [i for i in order if judgement.predictors[i].is_network != judgement.predictors[first].is_network]
    names = [(judgement.predictors[i].name, float(mae[i])) for i in [first, *others[:1]]]
    least = f" The least mean error is {names[0][1]:.2g}, of '{names[0][0]}'"
    return least + (f"; that of '{names[1][0]}' is {names[1][1]:.2g}." if others else ".")


def _beyond(judgement: Judgement, shown: Sequence[int], limits: tuple[float, float]) -> str:
    drawn = judgement.predictions[list(shown)]
    count = int(((drawn < limits[0]) | (drawn > limits[1])).sum())
    return f" {count} predictions beyond {limits[0]:.3g} … {limits[1]:.3g} are drawn at that bound." if count else ""

"""Draw pictures with their errors, and a chart of the errors of all methods."""

from __future__ import annotations

import textwrap

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from labrun.kit.palette import INK, PAPER, SOFT
from labrun.kit.panels import Scale, make_panels
from labrun_inpainting.judgement import KINDS, MISSING, Judgement

__all__ = ["draw_errors", "draw_reconstructions"]

MISSING_COLOUR = "#d55e00"
"""From Okabe and Ito's palette: not a grey, so that a missing pixel does not look like a dark one."""
PANEL = 1.35
"""Width of a picture [inches]"""
LONGEST = 21
"""Characters of a name on a line"""
NOTHING = 1e-3
"""Errors below this are rounding [grey levels]."""


def draw_reconstructions(judged: Judgement) -> Figure:
    """Draw two rows for each picture: the observed one and what each method makes of it, then the truth and the errors."""
    drawn = judged.drawn()
    shown = len(judged.truth)
    figure, panels = make_panels(
        2 * shown,
        1 + len(drawn),
        judged.truth.shape[1:],
        PANEL,
        above=0.125,
        margins=(1.2, 0.5),
        layout=ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02),
    )
    grey = Scale.over(judged.truth, mpl.colormaps["gray"].with_extremes(bad=MISSING_COLOUR))
    errors = judged.answers - judged.truth
    signed = _scale_of_errors(errors[drawn])
    for k in range(shown):
        upper, lower = panels[2 * k], panels[2 * k + 1]
        visible = np.ma.masked_array(judged.observed[k], ~judged.known[k])
        grey.draw(upper[0], visible)
        pictures = grey.draw(lower[0], judged.truth[k])
        upper[0].set_ylabel("observed", fontsize=8)
        lower[0].set_ylabel("truth", fontsize=8)
        for place, i in enumerate(drawn, start=1):
            grey.draw(upper[place], judged.answers[i, k])
            differences = signed.draw(lower[place], errors[i, k])
            rmse = np.sqrt(np.mean(errors[i, k][~judged.known[k]] ** 2)) if not judged.known[k].all() else np.nan
            upper[place].set_title(f"{rmse:.2f}" if np.isfinite(rmse) else "nothing missing", fontsize=8, pad=2)
        upper[1].set_ylabel("filled", fontsize=8)
        lower[1].set_ylabel("error", fontsize=8)
    for place, i in enumerate(drawn, start=1):
        title = f"{_wrapped(judged.methods[i].name)}\n{panels[0, place].get_title()}"
        panels[0, place].set_title(title, fontsize=8, pad=2, color=judged.methods[i].colour)
    figure.colorbar(pictures, ax=panels[:shown].ravel().tolist(), label="grey level", aspect=20, pad=0.01)
    figure.colorbar(
        differences,
        ax=panels[shown:].ravel().tolist(),
        label="filled − truth [grey levels]",
        aspect=20,
        pad=0.01,
        extend=signed.exceeded_by(errors[drawn]),
    )
    return figure


def draw_errors(judged: Judgement) -> Figure:
    """Draw the RMSE of each method with its interval, the best on top: on missing pixels, and for networks on known ones."""
    order = np.argsort(-judged.scores[:, MISSING, 0], kind="stable")
    networks = [i for i in order if judged.methods[i].is_network]
    figure, panels = plt.subplots(
        1, 2, figsize=(9.5, 1.3 + 0.32 * len(order)), sharey=True, width_ratios=[3, 2], layout="constrained"
    )
    for kind, axes in enumerate(panels):
        for place, i in enumerate(order):
            if kind == MISSING or i in networks:
                _draw_interval(axes, place, judged, int(i), kind)
        axes.set_xlabel("RMSE [grey levels]")
        axes.set_title(f"{KINDS[kind]} pixels")
        axes.grid(axis="x")
        axes.set_ylim(-0.6, len(order) - 0.4)
    _set_range(panels[0], judged.scores[:, MISSING, 0])
    _set_range(panels[1], judged.scores[networks, 1, 0])
    panels[0].set_yticks(range(len(order)), [_wrapped(judged.methods[i].name, 30) for i in order], fontsize=9)
    for label, i in zip(panels[0].get_yticklabels(), order, strict=True):
        label.set_color(judged.methods[i].colour)
    _draw_kriging(panels[0], judged)
    panels[1].set_title("known pixels (baselines keep them)")
    return figure


# --- the parts of a figure --------------------------------------------------------------------------------------------------


def _scale_of_errors(errors: NDArray[np.float64]) -> Scale:
    """Make a scale that holds most errors of most methods, so that the good ones show and the worst are cut."""
    reaches = [Scale.around_zero(one[one != 0], beyond=0.01).high for one in errors if np.any(one != 0)]
    return Scale.around_zero([np.median(reaches) if reaches else 1.0])


def _draw_interval(axes: Axes, place: int, judged: Judgement, i: int, kind: int) -> None:
    value, low, high = (one[i, kind, 0] for one in (judged.scores, judged.low, judged.high))
    colour = judged.methods[i].colour
    axes.plot([low, high], [place, place], color=colour, lw=3, alpha=0.5, solid_capstyle="butt")
    axes.plot([value], [place], "o", color=colour, ms=5)
    axes.annotate(
        f"{value:.2f}",
        (value, place),
        (0, 6),
        textcoords="offset points",
        ha="center",
        fontsize=7.5,
        color=INK,
        path_effects=[withStroke(linewidth=2, foreground=PAPER)],
    )


def _set_range(axes: Axes, values: NDArray[np.float64]) -> None:
    """Start the axis at 0, or make it logarithmic where methods differ much."""
    if not len(values) or not values.max() > 0:
        axes.set_xlim(-0.1, 1)
        return
    if values.min() > NOTHING and values.max() > 5 * values.min():
        axes.set_xscale("log")
        axes.set_xlim(values.min() / 1.3, values.max() * 1.3)
        axes.xaxis.set_major_locator(mpl.ticker.LogLocator(10, (1.0, 2.0, 5.0)))
        axes.xaxis.set_minor_locator(mpl.ticker.NullLocator())
        axes.xaxis.set_major_formatter(mpl.ticker.FormatStrFormatter("%g"))
    else:
        axes.set_xlim(-0.1 * values.max(), 1.15 * values.max())


def _draw_kriging(axes: Axes, judged: Judgement) -> None:
    """Mark the error of kriging, the least that a linear method can have."""
    found = [i for i, one in enumerate(judged.methods) if one.name == "kriging"]
    if found:
        axes.axvline(judged.scores[found[0], MISSING, 0], color=SOFT, lw=1, ls="--", zorder=0)


def _wrapped(name: str, width: int = LONGEST) -> str:
    """Break a name into at most two lines; the varied values of a network begin the second."""
    if len(name) <= width:
        return name
    if "[" in name:
        first, _, rest = name.partition("[")
        lines = [first, f"[{rest}"]
    else:
        first, *others = textwrap.wrap(name, width)
        lines = [first, " ".join(others)]
    return "\n".join(line if len(line) <= width else line[: width - 1] + "…" for line in lines if line)

"""Pictures with their errors, and a chart of the errors of all methods."""

from __future__ import annotations

import textwrap

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from labrun_inpainting.judgement import KINDS, MISSING, Judgement

__all__ = ["draw_errors", "draw_reconstructions"]

NETWORK, METHOD = "#2f6fd0", "#e07b00"
MISSING_COLOUR = "#d55e00"
"""Of Okabe and Ito's palette: no grey, so that a missing pixel is not taken for a dark one."""
PANEL = 1.35
"""Width of a picture [inches]"""
LONGEST = 21
"""Characters of a name in a line"""
NOTHING = 1e-3
"""Errors below this are rounding [grey levels]."""


def draw_reconstructions(judged: Judgement) -> Figure:
    """Two rows a picture: observed, and the answer of each method; truth, and the errors."""
    drawn = judged.drawn()
    shown, (height, width) = len(judged.truth), judged.truth.shape[1:]
    tall = PANEL * min(max(height / width, 0.5), 2.0)
    figure, panels = plt.subplots(
        2 * shown,
        1 + len(drawn),
        figsize=(PANEL * (1 + len(drawn)) + 1.2, (2 * tall + 0.25) * shown + 0.5),
        squeeze=False,
        layout=ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02),
    )
    low, high = float(judged.truth.min()), float(judged.truth.max())
    errors = judged.answers - judged.truth
    reach = _reach(errors[drawn])
    for k in range(shown):
        upper, lower = panels[2 * k], panels[2 * k + 1]
        visible = np.ma.masked_array(judged.observed[k], ~judged.known[k])
        _draw_picture(upper[0], visible, low, high)
        grey = _draw_picture(lower[0], judged.truth[k], low, high)
        upper[0].set_ylabel("observed", fontsize=8)
        lower[0].set_ylabel("truth", fontsize=8)
        for place, i in enumerate(drawn, start=1):
            _draw_picture(upper[place], judged.answers[i, k], low, high)
            coloured = _draw_picture(lower[place], errors[i, k], -reach, reach, "RdBu_r")
            rmse = np.sqrt(np.mean(errors[i, k][~judged.known[k]] ** 2)) if not judged.known[k].all() else np.nan
            upper[place].set_title(f"{rmse:.2f}" if np.isfinite(rmse) else "nothing missing", fontsize=8, pad=2)
        upper[1].set_ylabel("answer", fontsize=8)
        lower[1].set_ylabel("error", fontsize=8)
    for place, i in enumerate(drawn, start=1):
        colour = NETWORK if judged.methods[i].is_network else METHOD
        title = f"{_wrapped(judged.methods[i].name)}\n{panels[0, place].get_title()}"
        panels[0, place].set_title(title, fontsize=8, pad=2, color=colour)
    figure.colorbar(grey, ax=panels[:shown].ravel().tolist(), label="grey level", aspect=20, pad=0.01)
    figure.colorbar(
        coloured,
        ax=panels[shown:].ravel().tolist(),
        label="answer − truth [grey levels]",
        aspect=20,
        pad=0.01,
        extend="both",
    )
    return figure


def draw_errors(judged: Judgement) -> Figure:
    """RMSE of each method with its interval, the best above: on missing pixels, and those of networks on known ones."""
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
        axes.set_title(f"{KINDS[kind]} pixels", fontsize=10)
        axes.grid(axis="x", alpha=0.25)
        axes.set_ylim(-0.6, len(order) - 0.4)
    _set_range(panels[0], judged.scores[:, MISSING, 0])
    _set_range(panels[1], judged.scores[networks, 1, 0])
    panels[0].set_yticks(range(len(order)), [_wrapped(judged.methods[i].name, 30) for i in order], fontsize=9)
    for label, i in zip(panels[0].get_yticklabels(), order, strict=True):
        label.set_color(NETWORK if judged.methods[i].is_network else METHOD)
    _draw_kriging(panels[0], judged)
    panels[1].set_title("known pixels, which baselines keep", fontsize=10)
    return figure


# --- the parts of a figure --------------------------------------------------------------------------------------------------


def _draw_picture(
    axes: Axes, picture: NDArray[np.float64], low: float, high: float, colours: str = "gray"
) -> AxesImage:
    axes.set(xticks=[], yticks=[])
    with_missing = mpl.colormaps[colours].with_extremes(bad=MISSING_COLOUR)
    return axes.imshow(picture, cmap=with_missing, vmin=low, vmax=high, interpolation="nearest")


def _reach(errors: NDArray[np.float64]) -> float:
    """What most errors of most methods lie within, so that the good ones show and the worst are cut."""
    spread = [np.quantile(np.abs(one[one != 0]), 0.99) for one in errors if np.any(one != 0)]
    return float(np.median(spread)) if spread else 1.0


def _draw_interval(axes: Axes, place: int, judged: Judgement, i: int, kind: int) -> None:
    value, low, high = (one[i, kind, 0] for one in (judged.scores, judged.low, judged.high))
    colour = NETWORK if judged.methods[i].is_network else METHOD
    axes.plot([low, high], [place, place], color=colour, lw=3, alpha=0.5, solid_capstyle="butt")
    axes.plot([value], [place], "o", color=colour, ms=5)
    axes.annotate(
        f"{value:.2f}",
        (value, place),
        (0, 6),
        textcoords="offset points",
        ha="center",
        fontsize=7.5,
        color="0.25",
        path_effects=[withStroke(linewidth=2, foreground="white")],
    )


def _set_range(axes: Axes, values: NDArray[np.float64]) -> None:
    """From 0, or logarithmic where methods differ much; a scale of some kind where all are 0."""
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
    """The limit of what is linear."""
    found = [i for i, one in enumerate(judged.methods) if one.name == "kriging"]
    if found:
        axes.axvline(judged.scores[found[0], MISSING, 0], color="0.4", lw=1, ls="--", zorder=0)


def _wrapped(name: str, width: int = LONGEST) -> str:
    """A name in at most two lines; what tells a network from others of its matrix begins the second."""
    if len(name) <= width:
        return name
    if "[" in name:
        first, _, rest = name.partition("[")
        lines = [first, f"[{rest}"]
    else:
        first, *others = textwrap.wrap(name, width)
        lines = [first, " ".join(others)]
    return "\n".join(line if len(line) <= width else line[: width - 1] + "…" for line in lines if line)

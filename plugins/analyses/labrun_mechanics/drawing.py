"""Networks with their softest modes, their frequencies, and what was drawn beside what is true."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from labrun.kit.class_colours import class_colours
from labrun_mechanics.measuring import TRUE, Measured
from labrun_mechanics.tables import truth_of
from labrun_spring_networks.network import Network

__all__ = ["draw_comparison", "draw_frequencies", "draw_modes"]

ARROWS, DRAWN_ARROWS = "#2f6fd0", "#e07b00"
"""Of modes of true networks, and of those that a model drew"""
SPRINGS = "0.62"
PANEL = 2.1
"""Width of a network [inches]"""
TITLES = 0.4
"""Height of two lines above it [inches]"""
REACH = 0.9
"""The longest arrow of a mode, and the room around a network for it [mean bond lengths]"""
COUNTS = ("mechanisms", "self stresses")
COMPARED = {
    "mechanisms": "mechanisms",
    "self stresses": "states of self stress",
    "bulk modulus": "bulk modulus K [k]",
    "shear modulus": "shear modulus G [k]",
}


def draw_modes(rows: Sequence[Sequence[Measured]], count: int) -> Figure:
    """A row a member: the `count` softest modes of its true network, then of the one that a model drew, as arrows."""
    columns = count * len(rows[0])
    heights = [PANEL * max(_height_by_width(one) for one in row) + TITLES for row in rows]
    figure, panels = plt.subplots(
        len(rows),
        columns,
        figsize=(PANEL * columns, sum(heights)),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    for axes in panels.flat:
        axes.set_axis_off()
    for row, networks in zip(panels, rows, strict=True):
        for place, one in enumerate(networks):
            _draw_modes_of(row[place * count : (place + 1) * count], one)
    return figure


def draw_frequencies(measured: Sequence[Measured]) -> Figure:
    """The share of modes up to each frequency, a line a class; what a model drew is dashed."""
    figure, axes = plt.subplots(figsize=(7.4, 4.6), layout="constrained")
    groups = list(dict.fromkeys(one.group for one in measured))
    sources = list(dict.fromkeys(one.source for one in measured))
    for group, colour in zip(groups, class_colours(groups), strict=True):
        for source in sources:
            pooled = [one.modes.frequencies for one in measured if (one.group, one.source) == (group, source)]
            _draw_cumulative(axes, np.concatenate(pooled), colour, "-" if source == TRUE else "--")
    axes.set(xlabel="frequency ω [√(k/m)]", ylabel="share of modes up to ω", ylim=(0, 1.02))
    axes.set_xlim(left=0)
    axes.grid(alpha=0.25)
    handles = _legend([group for group in groups if group])
    if len(sources) > 1:
        handles += [Line2D([], [], color="0.3", ls="-" if source == TRUE else "--", label=source) for source in sources]
    if handles:
        axes.legend(handles=handles, frameon=False, loc="lower right")
    return figure


def draw_comparison(networks: pd.DataFrame, by: str | None, model: str) -> Figure:
    """What was measured of drawn networks over what is true, a panel a quantity; the greater a dot, the more networks it stands for."""
    drawn = networks[networks["network"] == model]
    classes = drawn[by] if by is not None else pd.Series("", index=drawn.index)
    groups = list(classes.unique())
    figure, panels = plt.subplots(1, len(COMPARED), figsize=(3.1 * len(COMPARED), 3.6), layout="constrained")
    for axes, (name, title) in zip(panels, COMPARED.items(), strict=True):
        pairs = pd.concat([truth_of(networks, drawn, name), drawn[name]], axis=1)
        for group, colour in zip(groups, class_colours(groups), strict=True):
            _draw_pairs(axes, pairs[classes == group].dropna().to_numpy(float), colour)
        _draw_diagonal(axes, name in COUNTS)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("true")
    panels[0].set_ylabel(f"drawn by {model}")
    if by is not None:
        panels[0].legend(handles=_legend(groups, "o", ""), frameon=False, fontsize=9, handletextpad=0.1)
    return figure


# --- the parts of a figure --------------------------------------------------------------------------------------------------


def _draw_modes_of(panels: NDArray, one: Measured) -> None:
    """One network in several panels, a mode in each; the first one tells which it is."""
    frequencies, displacements = one.modes.softest(len(panels))
    colour = ARROWS if one.source == TRUE else DRAWN_ARROWS
    if not len(frequencies):
        panels[0].set_title(f"{_name(one)}\nnothing that could move", fontsize=8, color=colour, pad=2, loc="left")
    for place, frequency in enumerate(frequencies):
        axes = panels[place]
        _draw_springs(axes, one.network)
        _draw_arrows(axes, one.network, displacements[place], colour)
        words = f"ω = {frequency:.2g}" if frequency else "ω = 0, mechanism"
        title = words if place else f"{_name(one)}\n{words}"
        axes.set_title(title, fontsize=8, color=colour, pad=2, loc="left")


def _name(one: Measured) -> str:
    """What stands over the first panel of a network."""
    name = one.group or f"member {one.member}"
    source = "" if one.source == TRUE else f", {one.source}"
    return f"{name}{source}: mechanisms {one.modes.mechanisms}, self stresses {one.modes.self_stresses}"


def _height_by_width(one: Measured) -> float:
    """Of a network with the room around it; a white picture has neither."""
    if not len(one.network.sites):
        return 1.0
    (left, bottom), (right, top) = _frame(one.network)
    return min(max((top - bottom) / (right - left), 0.3), 2.0)


def _frame(network: Network) -> NDArray[np.float64]:
    """The lower left and the upper right corner of what is drawn, (2, 2)."""
    room = _longest_arrow(network)
    return np.stack([network.sites.min(axis=0) - room, network.sites.max(axis=0) + room])


def _longest_arrow(network: Network) -> float:
    return REACH * float(network.lengths().mean()) if len(network.bonds) else 1.0


def _draw_springs(axes: Axes, network: Network) -> None:
    """Springs and sites; a spring over the edge of the box leaves half of it at each of its ends."""
    first, second = network.sites[network.bonds[:, 0]], network.sites[network.bonds[:, 1]]
    vectors = network.vectors()
    over = ~np.isclose(first + vectors, second).all(axis=1)
    whole = np.stack([first, second], axis=1)[~over]
    halves = [np.stack([end, end + sign * vectors / 2], axis=1)[over] for end, sign in ((first, 1), (second, -1))]
    axes.add_collection(LineCollection(list(np.concatenate([whole, *halves])), colors=SPRINGS, linewidths=0.8))
    axes.plot(*network.sites.T, "o", ms=1.8, color="0.35")


def _draw_arrows(axes: Axes, network: Network, displacements: NDArray[np.float64], colour: str) -> None:
    scaled = displacements * _longest_arrow(network) / np.hypot(*displacements.T).max()
    axes.quiver(
        *network.sites.T,
        *scaled.T,
        angles="xy",
        scale_units="xy",
        scale=1,
        color=colour,
        width=0.011,
        headwidth=4,
        headlength=4.5,
        zorder=3,
    )
    (left, bottom), (right, top) = _frame(network)
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")


def _legend(groups: Sequence[str], marker: str = "", line: str = "-") -> list[Line2D]:
    """A handle for each class."""
    colours = class_colours(groups)
    return [Line2D([], [], color=c, marker=marker, ls=line, label=g) for g, c in zip(groups, colours, strict=True)]


def _draw_cumulative(axes: Axes, frequencies: NDArray[np.float64], colour: str, style: str) -> None:
    """From the share of zero modes on; of pictures without sites, nothing."""
    if not len(frequencies):
        return
    ordered = np.sort(frequencies)
    share = np.arange(1, len(ordered) + 1) / len(ordered)
    zero = np.sum(ordered == 0)
    axes.step(
        np.concatenate([[0.0], ordered[zero:]]),
        np.concatenate([[zero / len(ordered)], share[zero:]]),
        where="post",
        color=colour,
        ls=style,
        lw=1.6,
    )


def _draw_pairs(axes: Axes, pairs: NDArray[np.float64], colour: str) -> None:
    places, counts = np.unique(pairs, axis=0, return_counts=True)
    axes.scatter(places[:, 0], places[:, 1], s=26 + 12 * (counts - 1), color=colour, alpha=0.65, lw=0)


def _draw_diagonal(axes: Axes, are_counts: bool) -> None:
    """Equal axes from below 0 or the least to above the greatest, and where both agree."""
    low = min(axes.get_xlim()[0], axes.get_ylim()[0])
    high = max(axes.get_xlim()[1], axes.get_ylim()[1])
    axes.plot([low, high], [low, high], color="0.6", lw=0.8, zorder=0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5, integer=are_counts))
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    axes.grid(alpha=0.25)

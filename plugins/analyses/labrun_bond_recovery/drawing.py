"""Draw scores over the threshold, and networks with their right, wrong and missing bonds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from labrun.kit.palette import INK, PALETTE, SOFT
from labrun.kit.panels import Scale, make_panels
from labrun_bond_recovery.judging import Judged
from labrun_bond_recovery.methods import Judgement
from labrun_bond_recovery.truth import Truth
from labrun_spring_networks.recovery import curves

__all__ = ["COLUMNS", "ROWS", "Shown", "draw_networks", "draw_thresholds"]

ROWS, COLUMNS = 4, 6
"""Methods and classes in a figure (the first ones)"""
RIGHT, WRONG, MISSING = PALETTE[0], PALETTE[3], PALETTE[14]
PALE = Scale(-1.22, 1.0)
"""Grey that leaves ink pale, so that bonds drawn over it stand out"""
RATES = (("precision", PALETTE[0]), ("recall", PALETTE[1]), ("F1", INK))

Shown = Mapping[tuple[str, str], tuple[NDArray[np.float64], Judged, Truth]]
"""A generated picture, its judgement and the truth, by method and class."""


def draw_thresholds(judgements: Sequence[Judgement]) -> Figure:
    """Draw precision, recall and F1 on the validation pictures against the threshold, a panel for each method; the chosen one is dashed."""
    shown = judgements[: 2 * ROWS]
    columns = min(len(shown), 4)
    rows = -(-len(shown) // columns)
    figure, panels = plt.subplots(
        rows,
        columns,
        figsize=(1.2 + 2.5 * columns, 0.6 + 2.3 * rows),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    thresholds = np.linspace(0.01, 1, 100)
    for axes, one in zip(panels.flat, shown, strict=False):
        for (label, colour), values in zip(RATES, curves(one.validation, thresholds).T, strict=True):
            axes.plot(thresholds, values, color=colour, lw=1.6, label=label)
        axes.axvline(one.threshold, color=SOFT, ls="--", lw=1)
        axes.set_title(one.method.name, fontsize=9)
        axes.grid(True)
        axes.set(xlim=(0, 1), ylim=(0, 1.03))
    for axes in panels.flat[len(shown) :]:
        axes.set_visible(False)
    figure.supxlabel("threshold of the score", fontsize=10)
    panels[0, 0].legend(loc="lower left")
    return figure


def draw_networks(judgements: Sequence[Judgement], classes: Sequence[str], shown: Shown) -> Figure:
    """Draw the network with the most errors of each class (columns) and method (rows) over its generated picture."""
    columns = classes[:COLUMNS]
    rows = judgements[:ROWS]
    shape = next(iter(shown.values()))[0].shape
    figure, panels = make_panels(len(rows), len(columns), shape, 2.3, above=0.3, margins=(0.4, 0.5))
    for own, one in zip(panels, rows, strict=True):
        for axes, name in zip(own, columns, strict=True):
            picture, judged, truth = shown[one.method.name, name]
            _draw_network(axes, picture, judged, truth, one.threshold)
        own[0].set_ylabel(one.method.name, fontsize=9)
    for axes, name in zip(panels[0], columns, strict=True):
        axes.set_title(f"{name}\n{axes.get_title()}", fontsize=9)
    figure.legend(handles=_key(), loc="outside lower center", ncols=4)
    return figure


def _draw_network(axes: Axes, picture: NDArray[np.float64], judged: Judged, truth: Truth, threshold: float) -> None:
    drawing, recovery = judged.drawing, judged.recovery
    found = recovery.scores >= threshold
    PALE.draw(axes, np.clip(picture, 0, 1))
    for chosen, colour in ((found & recovery.is_bond, RIGHT), (found & ~recovery.is_bond, WRONG)):
        lines = drawing.sites[drawing.candidates[chosen]]
        axes.add_collection(LineCollection([*lines], colors=colour, lw=1.3))
    missing = _missing(judged, truth, found)
    axes.add_collection(LineCollection([*truth.places[missing]], colors=MISSING, lw=1.3, linestyles=(0, (3, 2))))
    axes.plot(*truth.places[judged.lost_sites].T, "o", mfc="none", mec=MISSING, ms=7, mew=1.2)
    axes.plot(*drawing.sites[judged.site < 0].T, "x", color=WRONG, ms=6)
    wrong = int(np.sum(found & ~recovery.is_bond))
    axes.set_title("exact" if not wrong + len(missing) else f"{wrong} wrong, {len(missing)} missing", fontsize=8)


def _missing(judged: Judged, truth: Truth, found: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the true bonds that are not found, (missing, 2)."""
    pairs = np.sort(judged.site[judged.drawing.candidates[found]], axis=1)
    there = {(int(i), int(j)) for i, j in pairs}
    return np.array([bond for bond in truth.bonds.tolist() if tuple(bond) not in there], np.int64).reshape(-1, 2)


def _key() -> list[Line2D]:
    return [
        Line2D([], [], color=RIGHT, label="right"),
        Line2D([], [], color=WRONG, label="wrong"),
        Line2D([], [], color=MISSING, ls=(0, (3, 2)), label="missing"),
        Line2D([], [], color=MISSING, ls="", marker="o", mfc="none", label="lost site"),
    ]

"""Draw the share of each class that cannot be distinguished, and the accuracy that this leaves."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labrun import Measure
from labrun.kit.palette import INK, PALETTE

__all__ = ["draw_ceiling"]

DISTINCT, EMPTY, SAME = PALETTE[0], PALETTE[1], PALETTE[4]


def draw_ceiling(
    classes: pd.DataFrame, ceiling: float, accuracies: Mapping[str, Measure], colours: Mapping[str, str]
) -> Figure:
    """Draw a bar for each class and, if there are models, below them the ceiling and the accuracies."""
    width = min(max(6.0, 1.5 + 0.5 * len(classes)), 14.0)
    rows = len(accuracies)
    figure, panels = plt.subplots(
        2 if rows else 1,
        1,
        figsize=(width, 3.6 + (0.9 + 0.35 * rows if rows else 0)),
        height_ratios=[2.6, 0.7 + 0.3 * rows] if rows else None,
        squeeze=False,
        layout="constrained",
    )
    _draw_classes(panels[0, 0], classes)
    if rows:
        _draw_accuracies(panels[1, 0], ceiling, accuracies, colours)
    else:
        panels[0, 0].set_title(f"best possible accuracy {ceiling:.4f}")
    return figure


def _draw_classes(axes: Axes, classes: pd.DataFrame) -> None:
    """Draw, for each class, the shares of distinct, empty and other identical examples."""
    total = np.maximum(classes["examples"].to_numpy(), 1)
    same = classes["identical"].to_numpy() / total
    empty = np.minimum(classes["empty"].to_numpy() / total, same)
    distinct = np.where(classes["examples"] > 0, 1 - same, 0)
    places = np.arange(len(classes))
    axes.bar(places, distinct, color=DISTINCT, width=0.75, label="unlike all other classes")
    for bottom, share, colour, label in (
        (distinct, empty, EMPTY, "empty, as in another class"),
        (distinct + empty, same - empty, SAME, "identical to another class"),
    ):
        if share.any():
            axes.bar(places, share, bottom=bottom, color=colour, width=0.75, label=label)
    crowded = max(map(len, map(str, classes["class"]))) * len(classes) > 90
    axes.set_xticks(
        places, classes["class"], rotation=60 if crowded else 0, ha="right" if crowded else "center", fontsize=9
    )
    axes.set(ylabel="share of the examples", ylim=(0, 1), xlim=(-0.7, len(classes) - 0.3))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.08), ncols=3)


def _draw_accuracies(axes: Axes, ceiling: float, accuracies: Mapping[str, Measure], colours: Mapping[str, str]) -> None:
    """Draw a dot with its interval for each model, and the ceiling as a line."""
    axes.axvline(ceiling, color=INK, lw=1.2, ls="--")
    axes.annotate(
        f"best possible {ceiling:.3f}", (ceiling, 1), (-4, 3), xycoords=("data", "axes fraction"), textcoords="offset points",
        ha="right", fontsize=8,
    )  # fmt: skip
    for place, (name, accuracy) in enumerate(accuracies.items()):
        if accuracy.interval is not None:
            ends = [accuracy.interval.low, accuracy.interval.high]
            axes.plot(ends, [place, place], color=colours[name], lw=3, alpha=0.5, solid_capstyle="butt")
        axes.plot([accuracy], [place], "o", color=colours[name], ms=6)
        axes.annotate(f"{accuracy:.3f}", (accuracy, place), (0, 6), textcoords="offset points", ha="center", fontsize=8)
    axes.set_yticks(range(len(accuracies)), list(accuracies))
    axes.set(xlabel="accuracy", xlim=(0, 1.02), ylim=(len(accuracies) - 0.4, -0.7))
    axes.grid(axis="x")

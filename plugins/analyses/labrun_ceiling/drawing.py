"""Draw the share of each class that cannot be distinguished, and the accuracy that this leaves."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["draw_ceiling"]

DISTINCT, EMPTY, SAME = "#2f6fd0", "#f28e2b", "#8a4fc4"


def draw_ceiling(classes: pd.DataFrame, ceiling: float, accuracies: Mapping[str, float]) -> Figure:
    """Draw a bar for each class and, if there are models, below them the ceiling and a bar for each model."""
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
        _draw_accuracies(panels[1, 0], ceiling, accuracies)
    else:
        panels[0, 0].set_title(f"best possible accuracy {ceiling:.4f}", fontsize=11)
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
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.08), ncols=3, frameon=False, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_accuracies(axes: Axes, ceiling: float, accuracies: Mapping[str, float]) -> None:
    axes.barh(list(accuracies), list(accuracies.values()), color="0.55", height=0.6)
    axes.axvline(ceiling, color="#d62f3b", lw=2)
    axes.annotate(
        f"best possible {ceiling:.3f}", (ceiling, 1), (-4, 3), xycoords=("data", "axes fraction"), textcoords="offset points",
        ha="right", color="#d62f3b", fontsize=9,
    )  # fmt: skip
    for place, accuracy in enumerate(accuracies.values()):
        axes.annotate(
            f"{accuracy:.3f}",
            (accuracy, place),
            (-4, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=9,
        )
    axes.invert_yaxis()
    axes.set(xlabel="accuracy", xlim=(0, 1.005))
    axes.spines[["top", "right"]].set_visible(False)

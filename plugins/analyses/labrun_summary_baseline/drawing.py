"""Draw the importances of the features, and the score of each group."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from labrun.kit.palette import BASELINE, INK

__all__ = ["draw_groups", "draw_importances"]


def draw_importances(importances: pd.DataFrame) -> Figure:
    """Draw a bar for each feature, in their order from the top."""
    figure, axes = plt.subplots(figsize=(6.4, 0.8 + 0.2 * len(importances)), layout="constrained")
    axes.barh(importances["feature"], importances["importance"], color=BASELINE, height=0.7)
    axes.invert_yaxis()
    axes.set(
        xlabel="importance (share of the decrease of impurity)", xlim=(0, None), ylim=(len(importances) - 0.4, -0.6)
    )
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    return figure


def draw_groups(groups: pd.DataFrame, quantity: str) -> Figure:
    """Draw a point for each group of each dataset, and the mean over them."""
    score = "rmse" if "rmse" in groups else "accuracy"
    datasets = list(dict.fromkeys(groups["dataset"]))
    figure, axes = plt.subplots(figsize=(2.2 + 1.8 * len(datasets), 3.2), layout="constrained")
    for place, dataset in enumerate(datasets):
        values = groups.loc[groups["dataset"] == dataset, score].to_numpy()
        beside = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else np.zeros(1)
        axes.plot(place + beside, values, "o", ms=6, color=BASELINE, alpha=0.7)
        axes.plot([place - 0.28, place + 0.28], [values.mean()] * 2, color=INK, lw=2)
        axes.annotate(f"{values.mean():.3g}", (place + 0.3, values.mean()), va="center", fontsize=9)
    axes.set_xticks(range(len(datasets)), datasets)
    axes.set(
        xlim=(-0.6, len(datasets) - 0.3), ylabel=f"RMSE of {quantity}" if score == "rmse" else "accuracy of a group"
    )
    if score == "rmse":
        axes.set_ylim(0, 1.1 * groups[score].max())
    else:
        axes.set_ylim(max(groups[score].min() - 0.1, -0.03), 1.03)
    axes.grid(axis="y")
    return figure

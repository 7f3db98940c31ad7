"""Draw distances and detection rates."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from labrun.kit.palette import INK


def draw_scores(scores: dict[str, np.ndarray], threshold: float) -> Figure:
    """Draw distributions of the distances, and the threshold as a line. Much smaller distances are at the left edge."""
    highest = max(threshold, *(float(values.max()) for values in scores.values())) or 1.0
    lowest = 1e-3 * (threshold or highest)
    edges = np.geomspace(lowest, 1.001 * highest, 60)
    figure, axes = plt.subplots(figsize=(7, 3.4), layout="constrained")
    for name, values in scores.items():
        weights = np.full(len(values), 1 / len(values))
        axes.hist(
            values.clip(edges[0], None),
            bins=edges.tolist(),
            weights=weights,
            histtype="stepfilled",
            alpha=0.45,
            label=name,
        )
    axes.axvline(threshold, color=INK, lw=1, ls="--", label="threshold")
    axes.set(
        xscale="log", xlabel="cosine distance to the training examples (smaller ones at the left edge)", ylabel="share"
    )
    axes.legend()
    return figure


def draw_left_out(table: pd.DataFrame) -> Figure:
    """Draw AUROC and the share found, one pair of bars per left-out class and setting."""
    names = [", ".join(filter(None, row)) for row in table[["left out", "setting"]].itertuples(index=False)]
    figure, axes = plt.subplots(figsize=(1.6 + 0.5 * len(table), 3.4), layout="constrained")
    places = np.arange(len(table))
    axes.bar(places - 0.2, table["AUROC"], 0.38, label="AUROC")
    axes.bar(places + 0.2, table["found"], 0.38, label="share found", color="C1")
    if table["setting"].nunique() == 1:
        axes.axhline(table["AUROC"].mean(), color="C0", lw=1, ls="--", label="mean AUROC")
    axes.set_xticks(places, names, rotation=45, ha="right")
    axes.set(xlabel="left-out class", ylim=(0, 1.02))
    axes.legend(loc="lower right")
    return figure

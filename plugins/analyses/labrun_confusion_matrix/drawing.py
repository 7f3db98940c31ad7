"""Confusion matrices as pictures."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure


def draw_matrices(matrices: dict[str, np.ndarray], classes: tuple[str, ...]) -> Figure:
    """One panel a dataset, two in a row: shares of a row as colour, counts as numbers (where they are not zero)."""
    side = 1.2 + 0.3 * len(classes)
    columns = min(2, len(matrices))
    rows = -(-len(matrices) // columns)
    figure, panels = plt.subplots(
        rows, columns, figsize=(side * columns, side * rows), squeeze=False, layout="constrained"
    )
    for axes in panels.flat[len(matrices) :]:
        axes.set_axis_off()
    for axes, (name, counts) in zip(panels.flat, matrices.items(), strict=False):
        totals = counts.sum(axis=1, keepdims=True)
        shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for i, j in np.argwhere(counts > 0):
            colour = "white" if shares[i, j] > 0.6 else "black" if i == j else "#b3261e"
            axes.text(j, i, f"{counts[i, j]:.3g}", ha="center", va="center", fontsize=7, color=colour)
        accuracy = np.trace(counts) / counts.sum()
        axes.set_title(f"{name}: {accuracy:.1%}", fontsize=10)
        axes.set_xticks(range(len(classes)), classes, rotation=90, fontsize=8)
        axes.set_yticks(range(len(classes)), classes, fontsize=8)
        axes.set(xlabel="predicted", ylabel="true")
    return figure

"""Draw confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from labrun.kit.palette import INK, PALETTE, fading
from labrun_confusion_matrix.judgement import Judgement

__all__ = ["draw_matrices"]


def draw_matrices(judged: Sequence[Judgement], classes: Sequence[str]) -> Figure:
    """Draw a panel for each judgement, two in a row: shares of a row as colour, blue where they are right and
    orange where not, counts as numbers where they are not 0."""
    several = len({one.kind for one in judged}) > 1
    side = 1.2 + 0.3 * len(classes)
    columns = min(2, len(judged))
    rows = -(-len(judged) // columns)
    figure, panels = plt.subplots(
        rows, columns, figsize=(side * columns, side * rows), squeeze=False, layout="constrained"
    )
    for axes in panels.flat[len(judged) :]:
        axes.set_axis_off()
    for axes, one in zip(panels.flat, judged, strict=False):
        totals = one.total.sum(axis=1, keepdims=True)
        shares = np.divide(one.total, totals, out=np.zeros(one.total.shape), where=totals > 0)
        right = np.eye(len(classes), dtype=bool)
        for shown, colour in ((right, PALETTE[0]), (~right, PALETTE[3])):
            axes.imshow(np.where(shown, shares, np.nan), cmap=fading(colour), vmin=0, vmax=1, interpolation="nearest")
        for i, j in np.argwhere(one.total > 0):
            colour = "white" if shares[i, j] > 0.5 else INK
            axes.text(j, i, f"{one.total[i, j]}", ha="center", va="center", fontsize=7, color=colour)
        ends = one.accuracy.interval
        between = f" [{ends.low:.1%}, {ends.high:.1%}]" if ends else ""
        network = f"{one.kind}\n" if several else ""
        axes.set_title(f"{network}{one.dataset}: {one.accuracy:.1%}{between}")
        axes.set_xticks(range(len(classes)), classes, rotation=90, fontsize=8)
        axes.set_yticks(range(len(classes)), classes, fontsize=8)
        axes.set(xlabel="predicted", ylabel="true")
    return figure

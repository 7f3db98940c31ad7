"""Draw reliability diagrams."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labrun.kit.palette import PALETTE, SOFT
from labrun_calibration.scores import Reliability

__all__ = ["draw_reliability"]

COLUMNS = 3
"""Datasets side by side"""
STYLES = {"as trained": (PALETTE[3], "o"), "scaled": (PALETTE[0], "s")}


def draw_reliability(datasets: Mapping[str, Mapping[str, Reliability]]) -> Figure:
    """Draw, for each dataset, accuracy against probability and, below, the share of examples with that probability.

    `datasets` holds the bins "as trained" and "scaled" of each.
    """
    columns = min(COLUMNS, len(datasets))
    lines = -(-len(datasets) // columns)
    figure, panels = plt.subplots(
        2 * lines,
        columns,
        figsize=(3.4 * columns + 0.4, 4.4 * lines),
        squeeze=False,
        layout="constrained",
        height_ratios=[3, 1] * lines,
    )
    pairs = panels.reshape(lines, 2, columns).transpose(0, 2, 1).reshape(-1, 2)
    for axes in pairs[len(datasets) :].flat:
        axes.set_axis_off()
    for (upper, lower), (name, bins) in zip(pairs, datasets.items(), strict=False):
        _draw_accuracy(upper, bins)
        _draw_counts(lower, bins)
        errors = " → ".join(f"{one.expected_error:.3f}" for one in bins.values())
        upper.set_title(f"{name}: ECE {errors}")
    for upper, lower in pairs[::columns]:
        upper.set_ylabel("accuracy")
        lower.set_ylabel("share")
    panels[0, 0].legend(loc="upper left")
    return figure


def _draw_accuracy(axes: Axes, bins: Mapping[str, Reliability]) -> None:
    """Draw points with their 95 % Wilson intervals; on the diagonal, probabilities are right."""
    from scipy.stats import binomtest

    axes.plot([0, 1], [0, 1], color=SOFT, lw=1)
    for name, one in bins.items():
        colour, marker = STYLES[name]
        held = one.counts > 0
        probability, accuracy = one.probability[held], one.accuracy[held]
        hits = np.rint(accuracy * one.counts[held]).astype(int)
        intervals = [
            binomtest(int(k), int(n)).proportion_ci(0.95, method="wilson")
            for k, n in zip(hits, one.counts[held], strict=True)
        ]
        reach = [accuracy - [i.low for i in intervals], [i.high for i in intervals] - accuracy]
        axes.errorbar(
            probability,
            accuracy,
            np.maximum(reach, 0),
            color=colour,
            marker=marker,
            ms=4,
            lw=1,
            elinewidth=0.7,
            label=name,
        )
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.tick_params(labelbottom=False)
    axes.grid(True)


def _draw_counts(axes: Axes, bins: Mapping[str, Reliability]) -> None:
    for name, one in bins.items():
        axes.stairs(one.counts / one.counts.sum(), one.edges, color=STYLES[name][0], lw=1.2)
    axes.set(xlim=(0, 1), ylim=(0, None), xlabel="probability")
    axes.grid(True)

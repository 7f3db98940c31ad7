"""Draw histories of trainings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from labrun.kit.palette import SOFT

__all__ = ["draw_histories"]

IN_A_ROW = 2
"""Panels beside each other"""
IN_LEGEND = 20
"""Models with distinct colours; more have no legend"""
MARKED = 30
"""Lines with at most this many epochs have markers"""


def draw_histories(histories: Mapping[str, pd.DataFrame], colours: Mapping[str, str], log_loss: bool) -> Figure:
    """Draw one panel for each quantity, with a thin line for training and a thick one for validation of each model."""
    columns = [column for history in histories.values() for column in history if column != "epoch"]
    quantities = list(dict.fromkeys(column.removeprefix("val_") for column in columns))
    across = min(len(quantities), IN_A_ROW)
    down = -(-len(quantities) // across)
    figure, grid = plt.subplots(
        down, across, figsize=(4.4 * across, 2.7 * down + 0.4), squeeze=False, layout="constrained"
    )
    for axes in grid.flat[len(quantities) :]:
        axes.set_axis_off()
    for axes, quantity in zip(grid.flat, quantities, strict=False):
        _draw_quantity(axes, quantity, histories, colours, log_loss)
    if len(histories) <= IN_LEGEND:
        _add_legend(figure, colours, has_validation=any(column.startswith("val_") for column in columns))
    return figure


def _draw_quantity(
    axes: Axes, quantity: str, histories: Mapping[str, pd.DataFrame], colours: Mapping[str, str], log_loss: bool
) -> None:
    values = []
    for name, history in histories.items():
        for column, width, alpha in ((quantity, 0.9, 0.6), (f"val_{quantity}", 1.8, 1.0)):
            if column in history:
                marker = "." if len(history) <= MARKED else ""
                line = history[column].replace([np.inf, -np.inf], np.nan)
                axes.plot(history["epoch"], line, marker=marker, color=colours[name], lw=width, alpha=alpha)
                values.append(history[column].to_numpy(float))
    finite = np.concatenate(values)
    finite = finite[np.isfinite(finite)]
    if log_loss and "loss" in quantity and len(finite) and finite.min() > 0:
        axes.set_yscale("log")
    axes.set(xlabel="epoch", ylabel=quantity.replace("_", " "))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(True)


def _add_legend(figure: Figure, colours: Mapping[str, str], has_validation: bool) -> None:
    handles: Sequence[Line2D] = [Line2D([], [], color=colour, label=name) for name, colour in colours.items()]
    if has_validation:
        styles = (("training", 0.9), ("validation", 1.8))
        handles = [*handles, *(Line2D([], [], color=SOFT, lw=width, label=label) for label, width in styles)]
    figure.legend(handles=handles, loc="outside upper center", ncols=min(4, len(handles)))

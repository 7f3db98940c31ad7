"""Draw histories of reionization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labrun.kit.palette import SOFT
from labrun.kit.value_colours import explain_shades, shades_of

__all__ = ["draw_history"]

LABELS = {"neutral fraction": "mean neutral fraction", "brightness temperature": "mean δT_b [mK]"}
MARKED = 40
"""Lines with at most this many points have markers; light cones have more slices."""


def draw_history(
    history: pd.DataFrame, quantities: Sequence[str], by: str | None, by_label: str, saturated: bool
) -> Figure:
    """Draw a panel for each quantity over redshift, with a line and its band for each value of `by`, dark to light."""
    lines = [*history.groupby(by, dropna=False)] if by is not None else [("", history)]
    shades = shades_of(value for value, _ in lines)
    figure, grid = plt.subplots(
        1, len(quantities), figsize=(4.6 * len(quantities) + 1.2, 4.2), squeeze=False, layout="constrained"
    )
    for axes, quantity in zip(grid[0], quantities, strict=True):
        for value, line in lines:
            _draw_line(axes, line, quantity, shades[value])
        axes.set(xlabel="redshift z", ylabel=LABELS[quantity])
        axes.grid(True)
        if quantity == "neutral fraction":
            axes.set_ylim(-0.03, 1.03)
            axes.axhline(0.5, color=SOFT, lw=0.8, ls="--")
        elif saturated:
            axes.set_title("saturated limit T_S ≫ T_CMB")
    if by is not None:
        explain_shades(figure, by_label, shades, mark=4 if all(len(line) <= MARKED for _, line in lines) else 0)
    return figure


def _draw_line(axes: Axes, line: pd.DataFrame, quantity: str, colour: Any) -> None:
    z, mean, spread = line["redshift"], line[quantity], line[f"{quantity} spread"]
    axes.plot(z, mean, color=colour, lw=1.6, marker="o" if len(line) <= MARKED else "", ms=4)
    if spread.notna().all():
        axes.fill_between(z, mean - spread, mean + spread, color=colour, alpha=0.2, lw=0)

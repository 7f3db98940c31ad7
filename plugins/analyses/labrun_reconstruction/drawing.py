"""Pictures with what is made of them, and their power."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from labrun.kit.class_colours import class_colours
from labrun_reconstruction.judgement import Judgement

if TYPE_CHECKING:
    from labrun_reconstruction import Reconstruction

__all__ = ["draw_power", "draw_reconstructions"]

PANEL = 2.0
"""Width of a picture [inches]"""


def draw_reconstructions(judged: Judgement, settings: Reconstruction) -> Figure:
    """A row a picture: the picture, and for each method what it makes of it and the difference."""
    drawn = judged.drawn()
    shown, (height, width) = len(judged.pictures), judged.pictures.shape[1:]
    columns = 1 + 2 * len(drawn)
    tall = PANEL * min(max(height / width, 0.5), 2.0)
    figure, panels = plt.subplots(
        shown,
        columns,
        figsize=(PANEL * columns + 1.6, (tall + 0.25) * shown + 0.6),
        squeeze=False,
        layout="compressed",
    )
    low, high = float(judged.pictures.min()), float(judged.pictures.max())
    errors = judged.answers - judged.pictures
    reach = float(np.quantile(np.abs(errors[drawn]), 0.995)) or 1.0
    for row in range(shown):
        coloured = _draw(panels[row, 0], judged.pictures[row], low, high, "inferno", settings)
        for place, i in enumerate(drawn):
            _draw(panels[row, 1 + 2 * place], judged.answers[i, row], low, high, "inferno", settings)
            signed = _draw(panels[row, 2 + 2 * place], errors[i, row], -reach, reach, "RdBu_r", settings)
            rmse = float(np.sqrt(np.mean(errors[i, row] ** 2)))
            panels[row, 2 + 2 * place].set_title(f"RMSE {rmse:.3g} {settings.unit}", fontsize=9)
    _name_columns(panels, [judged.methods[i].name for i in drawn])
    _label_lengths(panels, settings)
    unit = f" [{settings.unit}]" if settings.unit else ""
    figure.colorbar(signed, ax=panels, label=f"answer − input{unit}", aspect=30, pad=0.01, extend="both", shrink=0.9)
    figure.colorbar(coloured, ax=panels, label=f"input, answer{unit}", aspect=30, pad=0.01, shrink=0.9)
    return figure


def draw_power(judged: Judgement, settings: Reconstruction) -> Figure:
    """Δ² of the pictures and of what is made of them; below, the ratio."""
    figure, (upper, lower) = plt.subplots(
        2, 1, figsize=(7, 5.6), sharex=True, height_ratios=[2, 1], layout="constrained"
    )
    there = np.isfinite(judged.k) & (judged.power[0] > 0)
    names = [one.name for one in judged.methods]
    upper.plot(judged.k[there], judged.power[0, there], "o-", ms=4, color="black", label="input")
    lower.axhline(1, color="black", lw=1)
    for power, name, colour in zip(judged.power[1:], names, class_colours(names), strict=True):
        upper.plot(judged.k[there], power[there], "o-", ms=3, color=colour, label=name)
        lower.plot(judged.k[there], power[there] / judged.power[0, there], "o-", ms=3, color=colour)
    unit = f" [{settings.unit}²]" if settings.unit else ""
    upper.set(ylabel=f"Δ² = k² P / 2π{unit}")
    if there.any():  # pictures of one level have no power
        upper.set(xscale="log", yscale="log")
    lower.set(xlabel=f"k [1/{_length(settings)}]", ylabel="answer / input", ylim=(0, None))
    upper.legend(frameon=False, fontsize=9)
    for axes in (upper, lower):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _draw(
    axes: Axes, picture: NDArray[np.float64], low: float, high: float, colours: str, settings: Reconstruction
) -> AxesImage:
    """A picture as its arrays lie: rows downwards."""
    cell = settings.cell_size or 1.0
    height, width = picture.shape
    return axes.imshow(
        picture, cmap=colours, vmin=low, vmax=high, interpolation="nearest", extent=(0, width * cell, height * cell, 0)
    )


def _name_columns(panels: NDArray[Any], names: list[str]) -> None:
    panels[0, 0].set_title("input", fontsize=10)
    for place, name in enumerate(names):
        panels[0, 1 + 2 * place].set_title(name if len(name) <= 24 else f"{name[:23]}…", fontsize=10)


def _label_lengths(panels: NDArray[Any], settings: Reconstruction) -> None:
    """Lengths on the lower left picture; the others are as large."""
    for axes in panels.flat:
        if axes is not panels[-1, 0]:
            axes.set(xticks=[], yticks=[])
    panels[-1, 0].set_xlabel(_length(settings))
    panels[-1, 0].set_ylabel(_length(settings))


def _length(settings: Reconstruction) -> str:
    return "pixel" if settings.cell_size is None else "Mpc"

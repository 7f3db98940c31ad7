"""Draw pictures with their reconstructions, and their power."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator
from numpy.typing import NDArray

from labrun.kit.log_axes import set_plain_ticks
from labrun.kit.palette import INK
from labrun.kit.panels import Scale, make_panels
from labrun_reconstruction.judgement import Judgement

if TYPE_CHECKING:
    from labrun_reconstruction import Reconstruction

__all__ = ["draw_power", "draw_reconstructions"]

PANEL = 2.0
"""Width of a picture [inches]"""


def draw_reconstructions(judged: Judgement, settings: Reconstruction) -> Figure:
    """Draw a row for each picture: the picture, then each method's reconstruction and its difference from the picture."""
    drawn = judged.drawn()
    shown, columns = len(judged.pictures), 1 + 2 * len(drawn)
    figure, panels = make_panels(
        shown, columns, judged.pictures.shape[1:], PANEL, above=0.25, margins=(1.6, 0.6), layout="compressed"
    )
    errors = judged.reconstructions - judged.pictures
    scale, signed = Scale.over(judged.pictures, "inferno"), Scale.around_zero(errors[drawn], beyond=0.005)
    extent = _extent(judged.pictures.shape[1:], settings)
    for row in range(shown):
        pictures = scale.draw(panels[row, 0], judged.pictures[row], extent=extent)
        for place, i in enumerate(drawn):
            scale.draw(panels[row, 1 + 2 * place], judged.reconstructions[i, row], extent=extent)
            differences = signed.draw(panels[row, 2 + 2 * place], errors[i, row], extent=extent)
            rmse = float(np.sqrt(np.mean(errors[i, row] ** 2)))
            panels[row, 2 + 2 * place].set_title(f"RMSE {rmse:.3g} {settings.unit}", fontsize=9)
    _name_columns(panels, [judged.methods[i].name for i in drawn])
    _label_lengths(panels[-1, 0], settings)
    unit = f" [{settings.unit}]" if settings.unit else ""
    for image, label, extend in (
        (differences, f"reconstruction − input{unit}", signed.exceeded_by(errors[drawn])),
        (pictures, f"input, reconstruction{unit}", scale.exceeded_by(judged.reconstructions[drawn])),
    ):
        figure.colorbar(image, ax=panels, label=label, aspect=30, pad=0.01, extend=extend, shrink=0.9)
    return figure


def draw_power(judged: Judgement, settings: Reconstruction) -> Figure:
    """Draw Δ² of the pictures and of their reconstructions and, below, the ratio."""
    figure, (upper, lower) = plt.subplots(
        2, 1, figsize=(6.4, 5), sharex=True, height_ratios=[2, 1], layout="constrained"
    )
    there = np.isfinite(judged.k) & (judged.power[0] > 0)
    upper.plot(judged.k[there], judged.power[0, there], "o-", ms=4, color=INK, label="input")
    lower.axhline(1, color=INK, lw=1)
    for power, one in zip(judged.power[1:], judged.methods, strict=True):
        style = {
            "color": one.colour,
            "marker": "o" if one.is_network else "s",
            "ms": 3,
            "ls": "-" if one.is_network else "--",
        }
        upper.plot(judged.k[there], power[there], label=one.name, **style)
        lower.plot(judged.k[there], power[there] / judged.power[0, there], **style)
    unit = f" [{settings.unit}²]" if settings.unit else ""
    upper.set(ylabel=f"Δ² = k² P / 2π{unit}")
    if there.any():  # pictures of one level have no power
        upper.set(xscale="log", yscale="log")
    if there.any():
        set_plain_ticks(lower.xaxis)
    lower.set(xlabel=f"k [1/{_length(settings)}]", ylabel="reconstruction / input", ylim=(0, None))
    upper.legend()
    for axes in (upper, lower):
        axes.grid(True)
    return figure


def _extent(shape: tuple[int, ...], settings: Reconstruction) -> tuple[float, float, float, float]:
    """Return left, right, bottom and top of pictures whose rows go downwards."""
    height, width = (size * (settings.cell_size or 1.0) for size in shape)
    return 0, width, height, 0


def _name_columns(panels: NDArray[Any], names: list[str]) -> None:
    panels[0, 0].set_title("input")
    for place, name in enumerate(names):
        panels[0, 1 + 2 * place].set_title(name if len(name) <= 24 else f"{name[:23]}…")


def _label_lengths(axes: Axes, settings: Reconstruction) -> None:
    """Put lengths on one picture; the others are as large."""
    axes.xaxis.set_major_locator(AutoLocator())
    axes.yaxis.set_major_locator(AutoLocator())
    axes.set(xlabel=_length(settings), ylabel=_length(settings))


def _length(settings: Reconstruction) -> str:
    return "pixel" if settings.cell_size is None else "Mpc"

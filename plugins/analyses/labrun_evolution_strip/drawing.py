"""The strip, and errors against epochs."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from labrun.kit.class_colours import class_colours
from labrun_evolution_strip.strips import Strip

__all__ = ["draw_errors", "draw_strip"]

Reals = NDArray[np.float64]

PANEL = 1.5
"""Width of a picture [inches]"""


def draw_strip(strip: Strip, most: int, is_ink: bool, unit: str) -> Figure:
    """A row for each example: what was given, what was made of it in some epochs, what is expected."""
    places = strip.columns(most)
    count, height, width = strip.expected.shape[:3]
    tall = PANEL * min(max(height / width, 0.3), 3.0)
    figure, panels = plt.subplots(
        count,
        len(places) + 2,
        figsize=(PANEL * (len(places) + 2) + (0 if is_ink else 0.9), tall * count + 0.35),
        squeeze=False,
        layout="constrained",
    )
    spans = {"source": _span(strip.sources, is_ink), "answer": _span(strip.expected, is_ink)}
    titles = ["given", *(f"epoch {strip.epochs[place]}" for place in places), "expected"]
    for axes, title in zip(panels[0], titles, strict=True):
        axes.set_title(title, fontsize=9)
    for row, source, expected, generated in zip(
        panels, strip.sources, strip.expected, strip.generated[places].swapaxes(0, 1), strict=True
    ):
        _show(row[0], source, spans["source"], "gray" if is_ink else "cividis")
        for axes, picture in zip(row[1:], [*generated, expected], strict=True):
            image = _show(axes, picture, spans["answer"], "gray" if is_ink else "magma")
    if not is_ink:
        figure.colorbar(
            image, ax=panels[:, 1:].ravel().tolist(), label=unit, aspect=12 * count, pad=0.01, extend="both"
        )
    return figure


def draw_errors(errors: pd.DataFrame, unit: str) -> Figure:
    """The mean absolute error against the epoch, a line a model."""
    figure, axes = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
    models = list(dict.fromkeys(errors["model"]))
    for model, colour in zip(models, class_colours(models), strict=True):
        rows = errors[errors["model"] == model]
        axes.plot(rows["epoch"], rows["L1"], "o-", color=colour, ms=4, lw=1.4, label=model)
    axes.set(xlabel="epoch", ylabel=f"mean absolute error [{unit}]" if unit else "mean absolute error")
    if (
        errors["L1"].max() > 3 * errors["L1"].min() > 0
    ):  # over a narrow range, numbers on a logarithmic axis are hard to read
        axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25, which="both")
    axes.legend(frameon=False, fontsize=9)
    return figure


def _show(axes: Axes, picture: Reals, span: tuple[float, float], colours: str) -> AxesImage:
    """A picture, grey or in colours."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(color="0.7", linewidth=0.6)
    low, high = span
    if picture.shape[-1] == 3:
        return axes.imshow(np.clip((picture - low) / (high - low), 0, 1), interpolation="nearest")
    return axes.imshow(picture[..., 0], cmap=colours, vmin=low, vmax=high, interpolation="nearest")


def _span(pictures: Reals, is_ink: bool) -> tuple[float, float]:
    """Black and white of drawings, which may reach from -1; of fields all but what one pixel in two hundred exceeds."""
    if is_ink:
        return (-1.0, 1.0) if pictures.min() < 0 else (0.0, 1.0)
    low, high = float(pictures.min()), float(np.quantile(pictures, 0.995))
    return low, high if high > low else low + 1

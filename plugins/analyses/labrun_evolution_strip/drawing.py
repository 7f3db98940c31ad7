"""Draw the strip, and errors against epochs."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from labrun.kit.panels import Scale, make_panels
from labrun_evolution_strip.strips import Strip

__all__ = ["draw_errors", "draw_strip"]

Reals = NDArray[np.float64]

PANEL = 1.5
"""Width of a picture [inches]"""


def draw_strip(strip: Strip, most: int, is_ink: bool, unit: str) -> Figure:
    """Draw a row for each example: input, output in some epochs, and expected picture."""
    places = strip.columns(most)
    count = len(strip.expected)
    beside = 0 if is_ink else 0.9
    figure, panels = make_panels(count, len(places) + 2, strip.expected.shape[1:3], PANEL, margins=(beside, 0.35))
    given, expected_scale = _scale(strip.sources, is_ink, "cividis"), _scale(strip.expected, is_ink, "magma")
    titles = ["input", *(f"epoch {strip.epochs[place]}" for place in places), "expected"]
    for axes, title in zip(panels[0], titles, strict=True):
        axes.set_title(title, fontsize=9)
    for row, source, expected, generated in zip(
        panels, strip.sources, strip.expected, strip.generated[places].swapaxes(0, 1), strict=True
    ):
        _draw(row[0], source, given)
        for axes, picture in zip(row[1:], [*generated, expected], strict=True):
            image = _draw(axes, picture, expected_scale)
    if not is_ink:
        figure.colorbar(
            image, ax=panels[:, 1:].ravel().tolist(), label=unit, aspect=12 * count, pad=0.01, extend="both"
        )
    return figure


def draw_errors(errors: pd.DataFrame, colours: Mapping[str, str], unit: str) -> Figure:
    """Draw the mean absolute error against the epoch, one line per model."""
    figure, axes = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
    for model, colour in colours.items():
        rows = errors[errors["model"] == model]
        axes.plot(rows["epoch"], rows["L1"], "o-", color=colour, ms=4, lw=1.4, label=model)
    axes.set(xlabel="epoch", ylabel=f"mean absolute error [{unit}]" if unit else "mean absolute error")
    if errors["L1"].max() > 3 * errors["L1"].min() > 0:  # a narrow range is hard to read on a logarithmic axis
        axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(True, which="both")
    axes.legend()
    return figure


def _draw(axes: Axes, picture: Reals, scale: Scale) -> AxesImage:
    """Draw a picture in grey, (height, width, 1), or in its own colours, (height, width, 3)."""
    if picture.shape[-1] == 3:
        shares = (picture - scale.low) / (scale.high - scale.low)
        return axes.imshow(np.clip(shares, 0, 1), interpolation="nearest")
    return scale.draw(axes, picture[..., 0])


def _scale(pictures: Reals, is_ink: bool, colours: str) -> Scale:
    """Make a scale from black to white for drawings, which may begin at -1; for fields all but the brightest pixels."""
    if is_ink:
        return Scale(-1.0 if pictures.min() < 0 else 0.0, 1.0)
    return Scale.over(pictures, colours, beyond=0.005)

"""Panels of pictures: axes of one size side by side, and scales of colour that pictures share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.layout_engine import LayoutEngine
from numpy.typing import ArrayLike, NDArray

from labrun.kit.palette import SOFT

__all__ = ["Scale", "make_panels"]

FLATTEST, TALLEST = 0.3, 3.0
"""Height by width of a panel, whatever its picture has."""


@dataclass(frozen=True)
class Scale:
    """A scale of colour: values from `low` to `high` in a colour map of Matplotlib. What lies beyond has the colour of that end."""

    low: float
    high: float
    colours: str | Colormap = "gray"

    @classmethod
    def over(cls, values: ArrayLike, colours: str | Colormap = "gray", beyond: float = 0.0) -> Scale:
        """Make a scale from the least value to that which a share `beyond` of the values exceeds."""
        low, high = np.quantile(np.asarray(values, float), [0, 1 - beyond]).tolist()
        return cls(low, high if high > low else low + 1, colours)

    @classmethod
    def around_zero(cls, values: ArrayLike, beyond: float = 0.0) -> Scale:
        """Make a scale that reaches equally far on both sides of a white 0, red above and blue below, to the size that a share `beyond` of
        the values exceeds."""
        sizes = np.abs(np.asarray(values, float))
        reach = float(np.quantile(sizes, 1 - beyond)) or float(sizes.max()) or 1.0
        return cls(-reach, reach, "RdBu_r")

    def draw(self, axes: Axes, picture: ArrayLike, **options: Any) -> AxesImage:
        """Draw a picture, (height, width), row 0 at the top; `options` are those of `Axes.imshow`."""
        given = {"interpolation": "nearest"} | options
        return axes.imshow(picture, cmap=self.colours, vmin=self.low, vmax=self.high, **given)

    def exceeded_by(self, values: ArrayLike) -> str:
        """Return which ends of the scale values lie beyond, as colour bars name them (`extend`): neither, min, max or both."""
        below, above = bool(np.min(values) < self.low), bool(np.max(values) > self.high)
        return "both" if below and above else "min" if below else "max" if above else "neither"


def make_panels(
    rows: int,
    columns: int,
    shape: tuple[int, ...],
    width: float,
    *,
    above: float = 0.0,
    margins: tuple[float, float] = (0.0, 0.0),
    layout: str | LayoutEngine = "constrained",
) -> tuple[Figure, NDArray[Any]]:
    """Make a figure with panels for pictures, framed in grey and without ticks: (rows, columns) axes.

    Args:
        shape: (height, width) of a picture [pixels].
        width: of a panel [inches].
        above: height of the text above each panel [inches].
        margins: what the figure is wider and higher than its panels [inches], for labels, legends and colour bars.
    """
    height = width * min(max(shape[0] / shape[1], FLATTEST), TALLEST)
    size = (width * columns + margins[0], (height + above) * rows + margins[1])
    figure, panels = plt.subplots(rows, columns, figsize=size, squeeze=False, layout=layout)
    for axes in panels.flat:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(color=SOFT, linewidth=0.5)
    return figure, panels

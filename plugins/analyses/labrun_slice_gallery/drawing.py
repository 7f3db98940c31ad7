"""Draw slices on a grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

__all__ = ["AXES", "Picture", "draw_gallery"]

AXES = ((2, 1), (2, 0), (0, 1))
"""Horizontal and vertical axis of a slice normal to each axis; the line of sight is horizontal."""
LETTERS = ("x", "y", "z (line of sight)")
PAGE = 8.4
"""Width of the pictures of a row [inches]"""
WIDE = 2.0
"""Pictures with a larger ratio of width to height are stacked."""
BRIGHTEST = 99.8
"""Percentile of all values at the end of the scale, so a few bright cells do not darken the rest."""


@dataclass(frozen=True)
class Picture:
    """A slice, (vertical, horizontal), and its position."""

    values: np.ndarray
    cell_size: float
    """[Mpc]"""
    axis: int
    """Axis normal to the slice"""
    sight: tuple[np.ndarray, np.ndarray] | None = None
    """For a light cone, comoving distance [Mpc] and redshift of each column, (horizontal,) both"""

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top edge [Mpc]."""
        height, width = np.array(self.values.shape) * self.cell_size
        left = 0.0 if self.sight is None else float(self.sight[0].min()) - self.cell_size / 2
        return left, left + width, 0.0, height

    @property
    def aspect(self) -> float:
        """Ratio of width to height."""
        return float(self.values.shape[1] / self.values.shape[0])


def draw_gallery(pictures: Mapping[tuple[str, str], Picture], label: str) -> Figure:
    """Draw pictures, given by the labels of their row and column, on one scale; `label` is for the colour bar."""
    rows, columns = (list(dict.fromkeys(words)) for words in zip(*pictures, strict=True))
    widest = max(picture.aspect for picture in pictures.values())
    if len(rows) == 1 and widest > WIDE:
        pictures = {(column, row): picture for (row, column), picture in pictures.items()}
        rows, columns = columns, rows
    across = len(columns) * float(np.clip(widest, 1, 4))
    side = min(2.5, PAGE / across) if len(rows) * len(columns) > 1 or widest > WIDE else 4.2
    size = (side * across + 1.6, (side + 0.1) * len(rows) + 0.7)
    figure, grid = plt.subplots(len(rows), len(columns), figsize=size, squeeze=False, layout="constrained")
    scale = _scale(np.concatenate([picture.values.ravel() for picture in pictures.values()]))
    for places, row in zip(grid, rows, strict=True):
        for axes, column in zip(places, columns, strict=True):
            if (row, column) in pictures:
                shown = _draw_picture(axes, pictures[row, column], scale)
            else:
                axes.set(xticks=[], yticks=[], frame_on=False)
            axes.label_outer()
    for axes, column in zip(grid[0], columns, strict=True):
        axes.set_title(column)
    for axes, row in zip(grid[:, 0], rows, strict=True):
        axes.set_ylabel("\n".join(filter(None, (row, axes.get_ylabel()))))
    extend = "both" if scale["vmin"] < 0 else "max"
    figure.colorbar(shown, ax=grid, label=label, pad=0.02, aspect=30, extend=extend)
    return figure


def _scale(values: np.ndarray) -> dict[str, Any]:
    """Return colour map and limits: from black at 0, or around white at 0 for values of both signs."""
    size = np.abs(values)
    top = float(np.percentile(size, BRIGHTEST)) or float(size.max()) or 1.0
    if values.min() < 0:
        return {"cmap": "RdBu_r", "vmin": -top, "vmax": top}
    return {"cmap": "inferno", "vmin": 0.0, "vmax": top}


def _draw_picture(axes: Axes, picture: Picture, scale: Mapping[str, Any]) -> Any:
    shown = axes.imshow(picture.values, origin="lower", extent=picture.extent, interpolation="nearest", **scale)
    horizontal, vertical = AXES[picture.axis]
    axes.set_xlabel("comoving distance [Mpc]" if picture.sight else f"{LETTERS[horizontal]} [Mpc]")
    axes.set_ylabel(f"{LETTERS[vertical]} [Mpc]")
    if picture.sight is not None:
        _add_redshifts(axes, *picture.sight)
    return shown


def _add_redshifts(axes: Axes, distances: np.ndarray, redshifts: np.ndarray) -> None:
    """Add a second axis above, with round redshifts."""
    order = np.argsort(redshifts)
    z = redshifts[order]
    ticks = [
        tick for tick in MaxNLocator(8, steps=[1, 2, 2.5, 5, 10]).tick_values(z[0], z[-1]) if z[0] <= tick <= z[-1]
    ]
    above = axes.secondary_xaxis("top")
    above.set_xticks(np.interp(ticks, z, distances[order]), [f"{tick:g}" for tick in ticks])
    above.set_xlabel("redshift")

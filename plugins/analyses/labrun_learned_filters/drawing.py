"""Draw kernels."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labrun.kit.palette import FAINT, SOFT
from labrun_learned_filters.layer import Convolution

__all__ = ["draw_kernels", "plane_of"]

LARGE, SMALL = 1.1, 0.62
"""Side of a square kernel with and without numbers [inches]; other shapes have the same area"""
WIDEST = 10.0
"""Largest width of a row of kernels [inches]"""
IN_A_ROW = 8
"""Maximum number of kernels in a row if there is a single filter or channel."""
NUMBERS_AT_MOST = 3
"""Largest side of a kernel whose weights are written into it."""


def draw_kernels(layer: Convolution, filters: int, channels: int, title: str) -> Figure:
    """Draw the kernels of the first filters and channels, all on one scale.

    Rows are channels and columns filters. If the layer has one channel or one filter, the kernels are larger and wrapped like text.
    """
    kernels = layer.kernels[:filters, :channels]
    finite = np.abs(kernels[np.isfinite(kernels)])
    end = float(finite.max(initial=0)) or 1.0
    alone = 1 in layer.kernels.shape[:2]
    planes = [[plane_of(kernel) for kernel in row] for row in kernels.swapaxes(0, 1)]
    height, width = planes[0][0].shape
    across = (LARGE if alone else SMALL) * (width / height) ** 0.5
    if alone:
        planes = _wrap([plane for row in planes for plane in row], max(1, min(IN_A_ROW, int(WIDEST / across))))
    figure, grid, bar_axes = _place(len(planes), len(planes[0]), width / height, across, alone)
    for axes, plane in ((grid[i, j], plane) for i, row in enumerate(planes) for j, plane in enumerate(row)):
        image = _draw_kernel(axes, plane, end, with_numbers=alone)
    if alone:
        _number_kernels(grid, planes, "" if layer.kernels.shape[1] == 1 else "channel ")
    else:
        _name_rows_and_columns(grid)
    figure.suptitle(title, fontsize=10, x=0.5, y=1, va="top")
    bar = figure.colorbar(image, cax=bar_axes)
    bar.set_label("weight", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    return figure


def _place(rows: int, columns: int, ratio: float, across: float, alone: bool) -> tuple[Figure, np.ndarray, Axes]:
    """Return a figure, a grid of axes that are off, each at most `across` inches wide, and axes for a colour bar.

    Positions are computed here, since solving a layout of so many axes would take longer than everything else.
    """
    across = min(across, WIDEST / columns)
    down, between, title = across / ratio, (0.22 if alone else 0.1), 0.42
    left, right = (0.0 if alone else 0.75), 0.75
    width = left + (across + 0.06) * columns + right
    height = title + down * rows + between * (rows - 1)
    figure = plt.figure(figsize=(width, height))
    grid = figure.subplots(
        rows,
        columns,
        squeeze=False,
        gridspec_kw={
            "left": left / width,
            "right": 1 - right / width,
            "bottom": 0,
            "top": 1 - title / height,
            "wspace": 0.06 / across,
            "hspace": between / down,
        },
    )
    for axes in grid.flat:
        axes.set_axis_off()
    tall = min(height - title, 2.5)
    middle = (height - title) / 2
    bar = figure.add_axes(((width - right + 0.1) / width, (middle - tall / 2) / height, 0.13 / width, tall / height))
    return figure, grid, bar


def plane_of(kernel: np.ndarray) -> np.ndarray:
    """Return a kernel as a masked plane: one row for 1D, itself for 2D, and for 3D the planes of the last axis side by side.

    A masked column separates such planes.
    """
    if kernel.ndim == 1:
        return np.ma.array(kernel[None, :])
    if kernel.ndim == 2:
        return np.ma.array(kernel)
    rows, columns, count = kernel.shape
    plane = np.ma.masked_all((rows, (columns + 1) * count - 1))  # type: ignore[no-untyped-call]  # NumPy has no types there
    for i in range(count):
        plane[:, i * (columns + 1) : (i + 1) * (columns + 1) - 1] = kernel[:, :, i]
    return plane


def _wrap(planes: list[np.ndarray], in_a_row: int) -> list[list[np.ndarray]]:
    return [planes[first : first + in_a_row] for first in range(0, len(planes), in_a_row)]


def _draw_kernel(axes: Axes, plane: np.ndarray, end: float, with_numbers: bool) -> Any:
    """Draw one kernel, with its weights written into it if there is room; weights that are not finite are grey."""
    axes.set_axis_on()
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(color=SOFT, linewidth=0.5)
    if not np.isfinite(np.ma.filled(plane, 0.0)).all():
        axes.set_facecolor(FAINT)
    image = axes.imshow(np.ma.masked_invalid(plane), cmap="RdBu_r", vmin=-end, vmax=end, interpolation="nearest")
    if with_numbers and max(plane.shape) <= NUMBERS_AT_MOST and not np.ma.is_masked(plane):
        for (row, column), weight in np.ndenumerate(plane):
            colour = "white" if abs(weight) > 0.6 * end else "black"
            axes.text(column, row, _in_words(weight, end), ha="center", va="center", fontsize=6, color=colour)
    return image


def _in_words(weight: float, end: float) -> str:
    """Format a weight to the precision of the largest one."""
    text = f"{weight:.2f}" if 0.1 <= end < 100 else f"{weight:.1e}"
    return (text if float(text) else text.removeprefix("-")).replace("-", "−")


def _number_kernels(grid: np.ndarray, planes: list[list[np.ndarray]], what: str) -> None:
    for number in range(sum(map(len, planes))):
        grid.flat[number].set_title(f"{what}{number}", fontsize=7, pad=2)


def _name_rows_and_columns(grid: np.ndarray) -> None:
    for number, axes in enumerate(grid[0]):
        axes.set_title(str(number), fontsize=7, pad=2)
    for number, axes in enumerate(grid[:, 0]):
        axes.set_ylabel(f"channel {number}", fontsize=7, rotation=0, ha="right", va="center")

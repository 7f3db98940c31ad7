"""Draw variance and error against the number of components, the components, and the plane of the first two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from labrun import Examples
from labrun.kit.choosing import evenly
from labrun.kit.class_colours import class_colours
from labrun.kit.palette import PALETTE

__all__ = ["draw_components", "draw_plane", "draw_variance"]

SHOWN = 11
"""Number of components drawn, beside the mean"""
COLUMNS = 6
POINTS = 3000
"""Maximum number of points in the plane"""


def draw_variance(shares: NDArray[np.float64], errors: Mapping[str, NDArray[np.float64]]) -> Figure:
    """Draw explained variance on the left and reconstruction error on the right, against the number of components."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
    numbers = np.arange(1, len(shares) + 1)
    left.plot(numbers, shares.cumsum(), "o-", ms=3, color=PALETTE[0])
    left.set(xlabel="components", ylabel="explained variance", ylim=(0, 1.02))
    for (name, values), colour in zip(errors.items(), class_colours(list(errors)), strict=True):
        right.plot(np.append(0, numbers), values, "o-", ms=3, color=colour, label=name)
    right.set(xlabel="components", ylabel="mean squared error [x²]", yscale="log")
    right.yaxis.set_major_locator(mpl.ticker.LogLocator(10, (1.0, 2.0, 5.0)))
    right.yaxis.set_major_formatter(mpl.ticker.FormatStrFormatter("%g"))
    right.yaxis.set_minor_formatter(mpl.ticker.NullFormatter())
    right.legend()
    for axes in (left, right):
        axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
        axes.grid(True)
    return figure


def draw_components(pca: Any, shape: tuple[int, ...]) -> dict[str, Figure]:
    """Return figures by name: a single one, or one for each channel."""
    mean = pca.mean_.reshape(shape)
    components = pca.components_[:SHOWN].reshape(-1, *shape)
    if shape[2] == 1:
        return {"components": _draw_channel(mean[..., 0], components[..., 0], pca.explained_variance_ratio_)}
    return {
        f"components_{channel}": _draw_channel(
            mean[..., channel], components[..., channel], pca.explained_variance_ratio_
        )
        for channel in range(shape[2])
    }


def _draw_channel(mean: NDArray[np.float64], components: NDArray[np.float64], shares: NDArray[np.float64]) -> Figure:
    count = len(components) + 1
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    tall = 1.7 * min(max(mean.shape[0] / mean.shape[1], 0.5), 2.0)
    figure, panels = plt.subplots(
        rows, columns, figsize=(1.7 * columns, (tall + 0.3) * rows), squeeze=False, layout="constrained"
    )
    for axes in panels.flat:
        axes.set_axis_off()
    panels.flat[0].imshow(mean, cmap="inferno", interpolation="nearest")
    panels.flat[0].set_title("mean", fontsize=9)
    reach = float(np.quantile(np.abs(components), 0.999)) or 1.0
    for number, (axes, picture) in enumerate(zip(panels.flat[1:], components, strict=False), start=1):
        axes.imshow(picture, cmap="RdBu_r", vmin=-reach, vmax=reach, interpolation="nearest")
        axes.set_title(f"{number}: {shares[number - 1]:.2%}", fontsize=9)
    return figure


def draw_plane(coefficients: NDArray[np.float64], examples: Examples, shares: NDArray[np.float64]) -> Figure:
    """Draw pictures by their first two components, coloured by y."""
    chosen = evenly(len(examples), POINTS)
    y, points = examples.load_y(chosen), coefficients[chosen, :2]
    figure, axes = plt.subplots(figsize=(6.6, 5), layout="constrained")
    values, label = _values(examples, y)
    if values is not None:
        scattered = axes.scatter(points[:, 0], points[:, 1], c=values, s=12, cmap="viridis", linewidths=0)
        figure.colorbar(scattered, label=label)
    else:
        for number, (name, colour) in enumerate(
            zip(examples.classes or (), class_colours(examples.classes or ()), strict=True)
        ):
            axes.scatter(points[y == number, 0], points[y == number, 1], s=12, color=colour, label=name, linewidths=0)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    for i, name in enumerate(("x", "y")):
        axes.set(**{f"{name}label": f"component {i + 1} ({shares[i]:.1%} of the variance)"})
    axes.set_title(examples.name)
    return figure


def _values(examples: Examples, y: NDArray[Any]) -> tuple[NDArray[np.float64] | None, str]:
    """Return numbers to colour by, and their label; classes whose names are numbers count as numbers."""
    if examples.classes is None:
        quantity = examples.quantity
        return (quantity.value(y), str(quantity)) if quantity is not None else (y, "y")
    try:
        return np.array([float(name) for name in examples.classes])[y], "class"
    except ValueError:
        return None, ""

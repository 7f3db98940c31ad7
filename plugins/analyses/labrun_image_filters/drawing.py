"""Draw pictures side by side, each above its kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labrun.kit.palette import SOFT
from labrun.kit.panels import Scale

__all__ = ["Panel", "draw_panels", "is_signed", "whole_weights"]

WIDTH, HEIGHT = 2.7, 2.9
"""Largest picture [inches]"""
NARROWEST = 1.7
BELOW = 1.0
"""Height of the kernels below a picture [inches]"""
BAR = 0.55
"""Width of a colour bar with its numbers [inches]"""
SHAPE = 4 / 3
"""Ratio of width to height of the figure, that of a slide"""
NUMBERS_AT_MOST = 5
"""Longest side of a kernel that is drawn with numbers; larger ones have colours only"""
CLIPPED = 0.005
"""Share of a result's values beyond the ends of its scale"""


@dataclass(frozen=True)
class Panel:
    """A picture, (height, width), and the kernels that made it; none for the original."""

    title: str
    picture: np.ndarray
    kernels: Sequence[np.ndarray] = field(default=())
    repeat: int = 1


def draw_panels(panels: Sequence[Panel]) -> Figure:
    """Draw a panel for each picture, with row 0 at the top; the first is the original."""
    height, width = panels[0].picture.shape
    across = max(NARROWEST, min(WIDTH, HEIGHT * width / height))
    down = across * height / width
    panel_width, panel_height = across + BAR, down + BELOW + 0.35
    columns = min(
        range(1, len(panels) + 1),
        key=lambda n: abs(n * panel_width / (-(-len(panels) // n) * panel_height) - SHAPE),
    )
    rows = -(-len(panels) // columns)
    figure = plt.figure(figsize=(panel_width * columns, panel_height * rows), dpi=200, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.02)  # type: ignore[union-attr, call-arg]
    grid = figure.add_gridspec(2 * rows, columns, height_ratios=[down, BELOW] * rows)
    own = Scale.over(panels[0].picture)
    for number, panel in enumerate(panels):
        row, column = divmod(number, columns)
        _draw_picture(figure, figure.add_subplot(grid[2 * row, column]), panel, own)
        _draw_kernels(figure.add_subplot(grid[2 * row + 1, column]), panel)
    return figure


def is_signed(values: np.ndarray) -> bool:
    """Check whether values scatter around 0: some are negative, and their mean is nearer to 0 than their standard deviation."""
    return bool(values.min() < 0 and abs(values.mean()) < values.std())


def _draw_picture(figure: Figure, axes: Axes, panel: Panel, own: Scale) -> None:
    scale = _scale(panel.picture, own)
    image = scale.draw(axes, panel.picture)
    bar = figure.colorbar(image, ax=axes, fraction=0.06, pad=0.02, extend=scale.exceeded_by(panel.picture))
    bar.ax.tick_params(labelsize=6)
    bar.outline.set_linewidth(0.4)
    axes.set_title(panel.title, fontsize=9)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(color=SOFT, linewidth=0.5)


def _scale(values: np.ndarray, own: Scale) -> Scale:
    """Return the scale of a result: that of the picture, where it lies within that, so that contrasts can be compared."""
    if is_signed(values):
        return Scale.around_zero(values, CLIPPED)
    low, high = float(values.min()), float(values.max())
    rounding = 1e-9 * max(1.0, abs(low), abs(high))
    if own.low - rounding <= low and high <= own.high + rounding and _is_visible(high - low, own):
        return own
    tails = np.quantile(values, [CLIPPED / 2, 1 - CLIPPED / 2])
    low, high = (0.0 if 0 <= low < 0.1 * high else float(tails[0])), float(tails[1])
    return Scale(low, high if high > low else low + 1)


def _is_visible(span: float, own: Scale) -> bool:
    """Check whether a range of values is wide enough to be seen on the picture's scale."""
    return span > 0.1 * (own.high - own.low)


def _draw_kernels(axes: Axes, panel: Panel) -> None:
    """Draw the kernels side by side, a cell for each weight; blue below 0, red above."""
    axes.set_axis_off()
    if not panel.kernels:
        return
    rows = max(3, *(kernel.shape[0] for kernel in panel.kernels))
    gap, left = 0.35 * rows, 0.0
    for kernel in panel.kernels:
        weights, divisor = whole_weights(kernel)
        _draw_kernel(axes, weights, left, rows)
        left += kernel.shape[1]
        if divisor > 1:
            left += _write(axes, f" / {divisor}", left, rows)
        left += gap
    left -= gap
    if panel.repeat > 1:
        left += _write(axes, f"   {panel.repeat} times", left, rows)
    width, height = axes.bbox.width, axes.bbox.height
    wide = max(left, rows * width / height)
    axes.set(xlim=(left / 2 - wide / 2, left / 2 + wide / 2), ylim=(rows, 0), aspect="equal")
    axes.set_anchor("N")


def _draw_kernel(axes: Axes, weights: np.ndarray, left: float, high: int) -> None:
    """Draw one kernel from `left` on, in the middle of `high` rows."""
    rows, columns = weights.shape
    top = (high - rows) / 2
    bottom, right = top + rows, left + columns
    end = float(np.abs(weights).max()) or 1.0
    axes.imshow(
        weights,
        cmap="RdBu_r",
        vmin=-2 * end,  # pale, for the numbers
        vmax=2 * end,
        extent=(left, right, bottom, top),
        interpolation="nearest",
    )
    axes.plot([left, right, right, left, left], [top, top, bottom, bottom, top], color=SOFT, linewidth=0.5)
    if max(rows, columns) <= NUMBERS_AT_MOST:
        size = 7 if high <= 3 else 5
        for (row, column), weight in np.ndenumerate(weights):
            place = (left + column + 0.5, top + row + 0.5)
            axes.text(*place, _in_words(weight, 2 if high <= 3 else 1), ha="center", va="center", fontsize=size)


def _in_words(weight: float, digits: int) -> str:
    text = f"{weight:.0f}" if float(weight).is_integer() else f"{weight:.{digits}f}"
    return text.replace("-", "−")


def _write(axes: Axes, text: str, left: float, rows: int) -> float:
    """Write beside the kernels; return the approximate width of the text [cells]."""
    axes.text(left, rows / 2, text, ha="left", va="center", fontsize=7)
    return 0.09 * rows * len(text)


def whole_weights(kernel: np.ndarray, at_most: int = 1000) -> tuple[np.ndarray, int]:
    """Return the kernel as whole numbers of at most two digits and their divisor; the kernel itself and 1 where that is impossible."""
    fractions = [Fraction(float(weight)).limit_denominator(at_most) for weight in kernel.flat]
    divisor = lcm(*(fraction.denominator for fraction in fractions))
    whole = np.round(kernel * divisor)
    is_short = divisor == 1 or np.abs(whole).max() < 100
    if divisor > at_most or not is_short or not np.allclose(whole / divisor, kernel, rtol=1e-9, atol=1e-12):
        return kernel, 1
    return whole, divisor

"""Draw dots and lines in grey levels: each pixel is as dark as the share of it that is covered.

A line of width 2r with round ends is everything nearer than r to a segment, and a dot is a line without length. Let d be the distance of a
pixel's middle from the segment, in the direction (a, b). A share F(t) of the pixel reaches no further in that direction than t beyond its
middle, and

    covered = F(r − d) − F(−r − d)

which is exact beside a line of any width and angle. Round ends and dots are taken as straight within a pixel, which adds π/12 to the area
π r² of a dot, so a dot is made smaller by that. Ink lies over what is there: light ← light (1 − covered) + level covered.
"""
# numba has no types: its decorators are Any to mypy
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from labrun_mechanical_network.layout import Layout


def render(layout: Layout) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw the sites, and sites and bonds: (height, width), on white."""
    light = np.ones(layout.shape, np.float32)
    square = layout.dot_radius**2
    radius = math.sqrt(max(square - 1 / 12, square / 4))  # the latter below 1/3 pixel
    stamp(light, layout.places, layout.places, radius, layout.dot_level / 255)
    dots = _grey_levels(light)
    stamp(light, layout.segments[:, 0], layout.segments[:, 1], layout.line_width / 2, layout.line_level / 255)
    return dots, _grey_levels(light)


def _grey_levels(light: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(255 * light).astype(np.uint8)


@njit
def share_below(t: float, a: float, b: float) -> float:
    """Return F(t), the share of a square of side 1 about the origin where a x + b y < t; a, b ≥ 0 and a² + b² = 1.

    Seen along that direction the square is a trapezoid, a + b wide at its base, |a − b| at its top, and 1 / max(a, b) high.
    """
    beyond = (a + b) / 2 - abs(t)
    if beyond <= 0:
        less = 0.0
    elif abs(t) >= abs(a - b) / 2:
        less = beyond * beyond / (2 * a * b)
    else:
        less = 0.5 - abs(t) / max(a, b)
    return less if t < 0 else 1 - less


@njit(nogil=True, cache=True)
def stamp(
    light: NDArray[np.float32], starts: NDArray[np.float64], ends: NDArray[np.float64], radius: float, level: float
) -> None:
    """Draw lines into `light`, (height, width), with ink of the brightness `level`, 0 to 1. Ends are (lines, 2): column, row [pixels]."""
    height, width = light.shape
    reach = radius + math.sqrt(0.5)
    for line in range(len(starts)):
        x, y = starts[line]
        dx, dy = ends[line, 0] - x, ends[line, 1] - y
        length = math.hypot(dx, dy)
        ux, uy = (dx / length, dy / length) if length > 0 else (1.0, 0.0)
        top, bottom = max(0, math.ceil(min(y, y + dy) - reach)), min(height, math.floor(max(y, y + dy) + reach) + 1)
        left, right = max(0, math.ceil(min(x, x + dx) - reach)), min(width, math.floor(max(x, x + dx) + reach) + 1)
        for row in range(top, bottom):
            for column in range(left, right):
                along = (column - x) * ux + (row - y) * uy
                past = along - min(max(along, 0.0), length)  # the ends
                across = (row - y) * ux - (column - x) * uy
                d = math.hypot(past, across)
                if d >= reach:
                    continue
                a, b = (
                    (abs(past * ux - across * uy) / d, abs(past * uy + across * ux) / d)
                    if d > 0
                    else (abs(uy), abs(ux))
                )
                covered = share_below(radius - d, a, b) - share_below(-radius - d, a, b)
                light[row, column] = light[row, column] * (1 - covered) + level * covered

"""Lines of a phase map, where an expression vanishes."""

from __future__ import annotations

import numpy as np
from contourpy import contour_generator

from labrun.kit.expression import Expression

RESOLUTION = 401


def zero_set(
    expression: Expression, x: str, x_range: tuple[float, float], y: str, y_range: tuple[float, float]
) -> list[np.ndarray]:
    """Return polylines (points, 2) along which the expression changes sign, by marching squares on 401 × 401 points.

    There is no line where the expression is not finite, nor where it touches zero without a change of sign.
    """
    xs, ys = np.linspace(*x_range, RESOLUTION), np.linspace(*y_range, RESOLUTION)
    columns, rows = np.meshgrid(xs, ys)
    values = np.broadcast_to(expression({x: columns, y: rows}), columns.shape)
    found = contour_generator(xs, ys, np.ma.masked_invalid(values)).lines(0.0)
    return [np.asarray(line) for line in found]

"""Where members lie on a map: in the cells of a grid, if their sweep is one, perhaps with holes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Axis", "find_axis"]

ROUNDING = 0.01
"""Share of the spacing by which values on a grid may be off it."""
SPARSE = 4
"""More cells than so many for each value, and the values are taken for scattered."""


@dataclass(frozen=True)
class Axis:
    """Equal cells along one axis of a map: their bounds, (cells + 1,), and the cell of each member, (members,)."""

    edges: np.ndarray
    cell: np.ndarray


def find_axis(values: np.ndarray) -> Axis | None:
    """The cells around equidistant values (some may be missing, or be there twice), or None if they are not equidistant."""
    low, width = float(values.min()), float(np.ptp(values))
    levels = np.unique(np.round((values - low) / width, 9)) if width > 0 else np.zeros(1)
    if len(levels) == 1:
        half = abs(low) / 2 or 0.5
        return Axis(np.array([low - half, low + half]), np.zeros(len(values), dtype=np.int64))
    steps = round(1 / float(np.diff(levels).min()))
    place = (values - low) / width * steps
    cell = np.rint(place).astype(np.int64)
    if steps >= SPARSE * len(levels) or np.abs(place - cell).max() > ROUNDING:
        return None
    return Axis(low + width / steps * (np.arange(steps + 2) - 0.5), cell)

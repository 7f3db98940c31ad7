"""Cells of a map: members lie on a grid, perhaps with holes, if their sweep is one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Axis", "find_axis"]

ROUNDING = 0.01
"""Share of the spacing by which values may deviate from a grid"""
SPARSE = 4
"""With more cells than this for each value, values count as scattered."""


@dataclass(frozen=True)
class Axis:
    """Equal cells along one axis of a map: their edges, (cells + 1,), and the cell of each member, (members,)."""

    edges: np.ndarray
    cell: np.ndarray


def find_axis(values: np.ndarray) -> Axis | None:
    """Return the cells around equidistant values, some of which may be missing or occur twice; None if they are not equidistant."""
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

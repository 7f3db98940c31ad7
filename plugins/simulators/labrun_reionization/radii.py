"""The radii of the spheres that the excursion set looks at."""

from __future__ import annotations

import math

RADIUS_OF_CUBE = 0.620350491
"""Radius of a sphere that holds as much as a cube of side 1."""
SMALLEST_RADIUS = 0.620350491
"""No radius is below this [Mpc]."""
RATIO = 1.1
"""Of one radius to the next."""


def smallest_radius(cells: int, box: float) -> float:
    """That of a cell, or `SMALLEST_RADIUS` [Mpc]."""
    return max(SMALLEST_RADIUS, RADIUS_OF_CUBE * box / cells)


def radii_for(cells: int, box: float, largest: float) -> list[float]:
    """The radii [Mpc], falling: R_min 1.1^i up to `largest`, which itself is left out, as in 21cmFAST 4.1.1; none holds more than the
    box."""
    smallest = smallest_radius(cells, box)
    ratio = min(largest, RADIUS_OF_CUBE * box) / smallest
    count = max(0, math.floor(math.log(ratio) / math.log(RATIO)))
    return [smallest * RATIO**i for i in range(count, -1, -1)]

"""Radii of the spheres of the excursion set."""

from __future__ import annotations

import math

RADIUS_OF_CUBE = 0.620350491
"""Radius of a sphere with the volume of a cube of side 1"""
SMALLEST_RADIUS = 0.620350491
"""Lower limit of radii [Mpc]"""
RATIO = 1.1
"""Ratio of successive radii"""


def smallest_radius(cells: int, box: float) -> float:
    """Return the radius of a cell, or `SMALLEST_RADIUS` if that is larger [Mpc]."""
    return max(SMALLEST_RADIUS, RADIUS_OF_CUBE * box / cells)


def radii_for(cells: int, box: float, largest: float) -> list[float]:
    """Return the falling radii [Mpc]: R_min 1.1^i up to `largest`, which itself is left out, as in 21cmFAST 4.1.1; no sphere is larger than
    the box."""
    smallest = smallest_radius(cells, box)
    ratio = min(largest, RADIUS_OF_CUBE * box) / smallest
    count = max(0, math.floor(math.log(ratio) / math.log(RATIO)))
    return [smallest * RATIO**i for i in range(count, -1, -1)]

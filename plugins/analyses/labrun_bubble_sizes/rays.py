"""Trace rays through a periodic box of cells."""
# numba has no types: its decorators are Any to mypy
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["trace_rays"]


@njit(nogil=True, cache=True, boundscheck=False)
def trace_rays(
    ionized: NDArray[np.bool_],
    starts: NDArray[np.float64],
    directions: NDArray[np.float64],
    limit: float,
    lengths: NDArray[np.float64],
) -> Any:
    """Write to `lengths` the distance of each ray to the first cell that is not ionized, at most `limit` [cells].

    A ray steps from face to face of the cells along its path (J. Amanatides and A. Woo, Eurographics 87, 3 (1987)), so its length is
    exact. `starts` and the unit vectors `directions` are (rays, 3); a ray starts in an ionized cell.
    """
    cell, step = np.empty(3, np.int64), np.empty(3, np.int64)
    to_face, between = np.empty(3), np.empty(3)  # distance to the next face normal to each axis, and between such faces
    for ray in range(len(starts)):
        for axis in range(3):
            place, direction = starts[ray, axis], directions[ray, axis]
            cell[axis] = math.floor(place)
            step[axis] = 1 if direction > 0 else -1
            ahead = cell[axis] + 1 - place if direction > 0 else place - cell[axis]
            between[axis] = 1 / abs(direction) if direction != 0 else np.inf
            to_face[axis] = ahead * between[axis] if direction != 0 else np.inf
        way = 0.0
        while way < limit and ionized[cell[0], cell[1], cell[2]]:
            axis = 0 if to_face[0] < to_face[1] else 1
            if to_face[2] < to_face[axis]:
                axis = 2
            way = to_face[axis]
            to_face[axis] += between[axis]
            cell[axis] = (cell[axis] + step[axis]) % ionized.shape[axis]
        lengths[ray] = min(way, limit)

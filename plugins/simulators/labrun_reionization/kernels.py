"""The loops over cells, in Numba: one thread, no checks.

Cubes are (N, N, N), contiguous; those of the excursion set are passed as (N³,). `table` is a `labrun_reionization.sources.Table`.
"""
# numba has no types: its decorators are Any to mypy
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def _look_up(table: Any, contrast: float) -> float:
    """Return f at a density contrast by linear interpolation, in single precision, so that four to eight are computed at once."""
    place = (min(contrast, table.collapsed) - table.start) * (np.float32(1) / table.step)
    i = min(np.int32(place), np.int32(table.values.size - 2))
    low = table.values[i]
    value = low + (place - np.float32(i)) * (table.values[i + 1] - low)
    return table.plateau if contrast > table.collapsed else value


@njit(cache=True, fastmath={"reassoc", "nsz", "contract"})  # sums in any order; NaN stays NaN
def mean_of_table(table: Any, contrast: NDArray[Any]) -> float:
    """Return the mean of f over all cells."""
    total = 0.0
    for cell in range(contrast.size):
        total += np.float64(_look_up(table, contrast[cell]))
    return total / contrast.size


@njit(cache=True)
def flag_ionized(
    neutral: NDArray[Any],
    contrast: NDArray[Any],
    recombined: NDArray[Any],
    photoionization: NDArray[Any],
    table: Any,
    least: float,
    efficiency: float,
    rate: float,
) -> None:
    """Set `neutral` to 0 where ζ f > 1 + n_rec / (1 + δ), all on the scale of one radius.

    Args:
        neutral: 1 for cells that are neutral so far, 0 for those ionized on a larger scale.
        contrast: δ, smoothed.
        recombined: recombinations per mean baryon, smoothed; empty without recombinations.
        photoionization: set to `rate` × ζ f in cells that are ionized now; empty without recombinations.
        least: contrast below which ζ f ≤ 1, which settles most cells.
        efficiency: ζ times the normalisation of f.
    """
    counted = recombined.size > 0
    for cell in range(neutral.size):
        if contrast[cell] < least or neutral[cell] == 0:
            continue
        photons = efficiency * _look_up(table, contrast[cell])
        needed = 1.0
        if counted:
            needed += max(recombined[cell], 0) / (1 + contrast[cell])
        if photons > needed:
            neutral[cell] = 0
            if counted:
                photoionization[cell] = rate * photons


@njit(cache=True)
def ionize_partly(neutral: NDArray[Any], contrast: NDArray[Any], table: Any, efficiency: float) -> None:
    """Set `neutral` to 1 − ζ f, at least 0, in cells that are not ionized: their own sources ionize a part of them."""
    for cell in range(neutral.size):
        if neutral[cell] > 0:
            neutral[cell] = min(max(1 - efficiency * _look_up(table, contrast[cell]), 0.0), 1.0)


@njit(cache=True)
def _nearest(place: int, fine: int, cells: int) -> int:
    return int(place / fine + 0.5) % cells


@njit(cache=True)
def deposit(
    mass: NDArray[Any], contrast: NDArray[Any], growth: float, displacement: tuple[NDArray[Any], ...], fine: int
) -> None:
    """Add the masses of displaced fine cells to the eight cells around each (cloud in cell), on a periodic cube.

    Args:
        mass: (N, N, N), added to [masses of fine cells].
        contrast: linear density contrast of the fine cells today, (N fine, N fine, N fine); their mass is 1 + `growth` × it.
        displacement: along each axis, (N, N, N) [cells]; the same for all fine cells of a cell.
        fine: fine cells along a side of a cell.
    """
    cells, fine_cells = mass.shape[0], contrast.shape[0]
    x, y, z = displacement
    for i in range(fine_cells):
        for j in range(fine_cells):
            for k in range(fine_cells):
                a, b, c = _nearest(i, fine, cells), _nearest(j, fine, cells), _nearest(k, fine, cells)
                # positions count from the middle of cell 0
                p = i / fine + x[a, b, c]
                q = j / fine + y[a, b, c]
                r = k / fine + z[a, b, c]
                left, front, low = int(np.floor(p)), int(np.floor(q)), int(np.floor(r))
                u, v, w = p - left, q - front, r - low
                left, front, low = left % cells, front % cells, low % cells
                right, back, high = (left + 1) % cells, (front + 1) % cells, (low + 1) % cells
                here = 1 + growth * contrast[i, j, k]
                mass[left, front, low] += here * (1 - u) * (1 - v) * (1 - w)
                mass[right, front, low] += here * u * (1 - v) * (1 - w)
                mass[left, back, low] += here * (1 - u) * v * (1 - w)
                mass[right, back, low] += here * u * v * (1 - w)
                mass[left, front, high] += here * (1 - u) * (1 - v) * w
                mass[right, front, high] += here * u * (1 - v) * w
                mass[left, back, high] += here * (1 - u) * v * w
                mass[right, back, high] += here * u * v * w

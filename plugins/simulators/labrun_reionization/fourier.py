"""Transforms of periodic cubes, and the filters that smooth them.

A cube of N³ cells has modes (N, N, N/2 + 1), complex, as `scipy.fft.rfftn` returns them. A mode has whole numbers of periods n along each
axis, and functions of its wavenumber k = 2π |n| / box are tables over n².
"""
# numba has no types: its decorators are Any to mypy
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import math
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.fft
from numba import njit
from numpy.typing import NDArray

from labrun_reionization.cosmology import top_hat

Cube: TypeAlias = "NDArray[np.float32]"
Modes: TypeAlias = "NDArray[np.complex64]"
Filter: TypeAlias = Literal["sharp_k", "top_hat", "gaussian"]

SHARP_RADIUS = 0.413566994
"""A sharp-k filter keeps k R × this ≤ 1, so that its sphere in k corresponds to the volume of a top-hat"""
GAUSSIAN_RADIUS = 0.643
"""Deviation of a Gaussian of the same volume as a top-hat, in radii"""


def wavenumbers(most: int, box: float) -> NDArray[np.float64]:
    """k of n² = 0, 1, 2, … [1/Mpc], for modes of up to `most` periods along each axis: (3 most² + 1,)."""
    return 2 * np.pi / box * np.sqrt(np.arange(3 * most**2 + 1))


def weighted(modes: Modes, weights: NDArray[Any], axes: tuple[int, ...] = ()) -> Modes:
    """Return the modes times `weights[n²]`, and times n along each of one or two `axes`, as for derivatives."""
    result = np.empty(modes.shape, np.complex64)
    first, second = (*axes, -1, -1)[:2]
    _weigh(result, modes, weights.astype(np.complex64), first, second)
    return result


@njit(cache=True)
def _weigh(result: NDArray[Any], modes: NDArray[Any], weights: NDArray[Any], first: int, second: int) -> None:
    periods = np.empty(3, np.int64)
    rows, columns, depth = modes.shape
    for i in range(rows):
        periods[0] = i if i <= rows // 2 else i - rows
        for j in range(columns):
            periods[1] = j if j <= columns // 2 else j - columns
            for k in range(depth):
                periods[2] = k
                weight = weights[periods[0] ** 2 + periods[1] ** 2 + k**2]
                if first >= 0:
                    weight *= np.float32(periods[first])
                if second >= 0:
                    weight *= np.float32(periods[second])
                result[i, j, k] = modes[i, j, k] * weight


def inverse(modes: Modes) -> Cube:
    """Return the cube with these modes, of an even number of cells; `modes` is overwritten."""
    modes = scipy.fft.ifft(modes, axis=0, overwrite_x=True)
    modes = scipy.fft.ifft(modes, axis=1, overwrite_x=True)
    return scipy.fft.irfft(modes, len(modes), axis=2, overwrite_x=True)


def smooth(modes: Modes, box: float, radius: float, kind: Filter) -> Cube:
    """Return the cube with these modes, smoothed over a radius [Mpc]."""
    cells = len(modes)
    longest = box / (2 * np.pi * SHARP_RADIUS * radius)
    if kind == "sharp_k" and longest < cells // 2:
        return _within(modes, longest)
    return inverse(weighted(modes, window(kind, wavenumbers(cells // 2, box) * radius)))


def _within(modes: Modes, longest: float) -> Cube:
    """Return the cube with only the modes with |n| ≤ `longest`.

    Only columns with such modes are transformed. With m = ⌊longest⌋ these are (2m + 1) (m + 1) of N² along axis 0, and N (m + 1) along
    axis 1.
    """
    cells, most = len(modes), math.floor(longest)
    columns = np.zeros((cells, 2 * most + 1, most + 1), np.complex64)
    _copy_within(columns, modes, longest)
    columns = scipy.fft.ifft(columns, axis=0, overwrite_x=True)
    planes = np.zeros((cells, cells, most + 1), np.complex64)
    planes[:, : most + 1] = columns[:, : most + 1]
    planes[:, cells - most :] = columns[:, most + 1 :]
    return _along_last(scipy.fft.ifft(planes, axis=1, overwrite_x=True), cells)


@njit(cache=True)
def _copy_within(columns: NDArray[Any], modes: NDArray[Any], longest: float) -> None:
    """Copy the modes with |n| ≤ `longest`: to their positions along axis 0, close together along the others."""
    cells, width = modes.shape[0], columns.shape[1]
    most = int(longest)
    for i in range(-most, most + 1):
        for j in range(-most, most + 1):
            left = longest**2 - i * i - j * j
            if left >= 0:
                end = int(math.sqrt(left)) + 1
                columns[i % cells, j % width, :end] = modes[i % cells, j % cells, :end]


def _along_last(planes: Modes, cells: int) -> Cube:
    """Transform (N, N, m + 1) back along the last axis. A few modes are multiplied by their waves, which is faster."""
    few = planes.shape[2]
    if few > cells // 4:
        return scipy.fft.irfft(planes, cells, axis=2, overwrite_x=True)
    phase = 2 * np.pi / cells * np.outer(np.arange(few), np.arange(cells))
    twice = np.where(np.arange(few) > 0, 2, 1)[:, None] / cells
    waves = np.stack([twice * np.cos(phase), -twice * np.sin(phase)], axis=1).reshape(2 * few, cells)
    parts = planes.view(np.float32).reshape(cells * cells, 2 * few)
    return (parts @ waves.astype(np.float32)).reshape(cells, cells, cells)


def window(kind: Filter, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the filter at x = k R, dimensionless."""
    if kind == "sharp_k":
        return (x * SHARP_RADIUS <= 1).astype(np.float64)
    if kind == "gaussian":
        return np.exp(-((GAUSSIAN_RADIUS * x) ** 2) / 2)
    return top_hat(x)

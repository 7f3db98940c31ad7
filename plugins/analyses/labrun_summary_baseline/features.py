"""17 summary features of a slice."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from labrun_lattices.spectra import log_bins, power_spectrum

__all__ = ["feature_names", "features"]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BINS = 8
FLOOR = 1e-12
"""Least power, also that of a constant slice [x² Mpc²]"""


def features(slices: NDArray[np.floating], cell_size: float) -> NDArray[np.float64]:
    """Return (n, 17 × channels) for slices (n, height, width, channels), the 17 of the first channel first:

    mean, standard deviation, share of pixels that are exactly 0, skewness ⟨(x − x̄)³⟩ / σ³ (0 where σ = 0), the 5, 25, 50, 75 and 95 %
    quantiles, and log10 of P(k) = V ⟨|x_k|²⟩ [x² Mpc²] in 8 logarithmic bins, from the longest wave of the slice to the shortest. The slice
    counts as periodic. Bins without modes, of slices of few pixels, count as having no power. `cell_size` is in Mpc.
    """
    return np.concatenate([_of_channel(slices[..., channel], cell_size) for channel in range(slices.shape[3])], axis=1)


def feature_names(size: tuple[int, int], channels: int, cell_size: float | None) -> list[str]:
    """Return the name of each feature, with the wave numbers of its bin."""
    unit = "1/pixel" if cell_size is None else "1/Mpc"
    edges = _edges(size, cell_size or 1.0)
    names = ["mean", "standard deviation", "share of zeros", "skewness", *(f"quantile {q:.0%}" for q in QUANTILES)]
    names += [f"power at {low:.2g}–{high:.2g} {unit}" for low, high in pairwise(edges)]
    if channels == 1:
        return names
    return [f"{name}, channel {channel}" for channel in range(channels) for name in names]


def _of_channel(slices: NDArray[np.floating], cell_size: float) -> NDArray[np.float64]:
    x = slices.astype(np.float64)
    mean, deviation = x.mean(axis=(1, 2)), x.std(axis=(1, 2))
    cubes = ((x - mean[:, None, None]) ** 3).mean(axis=(1, 2))
    skewness = np.divide(cubes, deviation**3, out=np.zeros_like(cubes), where=deviation**3 > 0)
    quantiles = np.quantile(x, QUANTILES, axis=(1, 2)).T
    edges = _edges(x.shape[1:], cell_size)
    power = np.array([power_spectrum(one, cell_size, edges).power for one in x])
    # fmax takes the number where the other is NaN
    return np.column_stack(
        [mean, deviation, (x == 0).mean(axis=(1, 2)), skewness, quantiles, np.log10(np.fmax(power, FLOOR))]
    )


def _edges(size: tuple[int, ...], cell_size: float) -> NDArray[np.float64]:
    return log_bins(max(size), max(size) * cell_size, BINS)

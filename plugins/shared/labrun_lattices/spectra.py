"""Power spectra of fields on a regular periodic grid in any number of dimensions.

With the Fourier transform δ_k = Σ_x δ(x) e^{-ikx} / N of a field of N cells in a volume V, the power is

    P(k) = V ⟨|δ_k|²⟩,      Δ²(k) = S_d k^d P(k) / (2π)^d,      S_d = 2 π^{d/2} / Γ(d/2),

the mean over the modes in a bin of |k|, and the variance per e-fold of k: k³ P / 2π² in space, k² P / 2π in a plane. The mode k = 0,
the mean of the field, belongs to no bin. For two fields, P_ab = V ⟨Re δ_k^a conj(δ_k^b)⟩, and their cross-correlation is

    r(k) = P_ab(k) / sqrt(P_aa(k) P_bb(k)),      -1 ≤ r ≤ 1.

Half of the modes of a real field are conjugates of the others: one of each pair is computed and counted twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "CylindricalSpectrum",
    "Spectrum",
    "cross_correlation",
    "cylindrical_power",
    "log_bins",
    "power_spectrum",
]

BELOW = 0.999
"""Factor by which the first edge lies below the longest wave of the box, so rounding does not exclude its modes"""


@dataclass(frozen=True)
class Spectrum:
    """Power in bins of wave number; `k` and `power` are NaN for bins without modes."""

    k: np.ndarray
    """(bins,) mean |k| of the modes [1/length]"""
    power: np.ndarray
    """(bins,) P, or P_ab for two fields [field² length^dimension]"""
    modes: np.ndarray
    """(bins,) int64, number of modes, counting both of each conjugate pair"""
    dimension: int
    """d, the number of axes of the field"""

    @property
    def dimensionless(self) -> np.ndarray:
        """(bins,) Δ² [field²], at the mean |k| of each bin."""
        half = self.dimension / 2
        sphere = 2 * math.pi**half / math.gamma(half)
        return sphere * (self.k / (2 * math.pi)) ** self.dimension * self.power


@dataclass(frozen=True)
class CylindricalSpectrum:
    """Power in bins of wave numbers across and along the line of sight; NaN for bins without modes."""

    k_across: np.ndarray
    """(across, along) mean k⊥ of the modes [1/length]"""
    k_along: np.ndarray
    """(across, along) mean |k∥| of the modes [1/length]"""
    power: np.ndarray
    """(across, along) P [field² length^dimension]"""
    modes: np.ndarray
    """(across, along) int64, number of modes"""


def log_bins(cells: int, box: float, bins: int) -> np.ndarray:
    """Return (bins + 1,) logarithmic edges, from the longest wave of a box to the shortest that its cells resolve.

    That is from 0.999 · 2π / box to π · cells / box [1/length]. For an oblong box, give `cells` and `box` of its longest side.
    """
    import numpy as np

    return np.geomspace(BELOW * 2 * math.pi / box, math.pi * cells / box, bins + 1)


def power_spectrum(field: np.ndarray, cell_size: float, edges: np.ndarray, other: np.ndarray | None = None) -> Spectrum:
    """Return P(k) of a real field, or the cross power P_ab(k) with an `other` of the same shape.

    Args:
        field: any number of axes, periodic.
        cell_size: side of a cell [length].
        edges: (bins + 1,) ascending [1/length]; a bin includes its lower edge, and the last bin its upper edge too.

    Raises:
        ValueError: the shapes of the two fields differ.
    """
    modes = _Modes(field.shape, cell_size)
    k = modes.wave_number(range(field.ndim))
    bins = _Bins([k], [edges], modes.weight)
    return Spectrum(bins.mean(k), modes.volume * bins.mean(_products(field, other)), bins.count, field.ndim)


def cylindrical_power(
    field: np.ndarray, cell_size: float, across: np.ndarray, along: np.ndarray, other: np.ndarray | None = None
) -> CylindricalSpectrum:
    """Return P(k⊥, k∥), (bins across, bins along), of a real field whose last axis is the line of sight, or the cross power with `other`.

    `across` and `along` are the edges of the bins of k⊥ and |k∥| [1/length]. Other arguments and errors are as in `power_spectrum`.
    """
    modes = _Modes(field.shape, cell_size)
    *sky, sight = range(field.ndim)
    k_across, k_along = modes.wave_number(sky), modes.wave_number([sight])
    bins = _Bins([k_across, k_along], [across, along], modes.weight)
    power = modes.volume * bins.mean(_products(field, other))
    return CylindricalSpectrum(bins.mean(k_across), bins.mean(k_along), power, bins.count)


def cross_correlation(
    a: np.ndarray, b: np.ndarray, cell_size: float, edges: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean |k| of each bin [1/length] and r(k), both (bins,); NaN for bins without modes or without power.

    Arguments and errors are as in `power_spectrum`.
    """
    import numpy as np

    cross = power_spectrum(a, cell_size, edges, b)
    scale = np.sqrt(power_spectrum(a, cell_size, edges).power * power_spectrum(b, cell_size, edges).power)
    return cross.k, np.divide(cross.power, scale, out=np.full_like(scale, np.nan), where=scale > 0)


class _Modes:
    """The computed modes of a real field: along the last axis, those with k ≥ 0."""

    def __init__(self, shape: Sequence[int], cell_size: float) -> None:
        import numpy as np
        from scipy import fft

        last = np.arange(shape[-1] // 2 + 1)
        others = (2 * math.pi * fft.fftfreq(cells, cell_size) for cells in shape[:-1])
        self._axes = np.ix_(*others, 2 * math.pi / (shape[-1] * cell_size) * last)
        self.volume = math.prod(shape) * cell_size ** len(shape)
        self.weight = np.where((last == 0) | (2 * last == shape[-1]), 1, 2)
        """(last axis,) number of modes that each stands for: one if k and -k are the same wave along this axis"""

    def wave_number(self, axes: Iterable[int]) -> np.ndarray:
        """Return the norm of the components of k along some axes; it broadcasts to all modes."""
        import numpy as np

        return np.sqrt(np.asarray(sum(self._axes[axis] ** 2 for axis in axes)))


class _Bins:
    """The bin of each mode, by one or several wave numbers with their own edges."""

    def __init__(self, wave_numbers: Sequence[np.ndarray], edges: Sequence[np.ndarray], weight: np.ndarray) -> None:
        import numpy as np

        self._shape = tuple(len(ends) - 1 for ends in edges)
        axes = [_bin_numbers(k, ends) for k, ends in zip(wave_numbers, edges, strict=True)]
        outside = np.logical_or.reduce(np.broadcast_arrays(*(axis < 0 for axis in axes)))
        numbers = np.ravel_multi_index(tuple(np.broadcast_arrays(*axes)), self._shape, mode="clip")
        self._number = np.where(outside, math.prod(self._shape), numbers)
        self._number.flat[0] = math.prod(self._shape)  # the mode k = 0, wherever the edges begin
        self._weight = weight
        self.count = self._sum(np.ones(())).astype(np.int64)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Return the mean over the modes of each bin, NaN for empty bins; `values` broadcast to all modes."""
        import numpy as np

        return np.divide(self._sum(values), self.count, out=np.full(self._shape, np.nan), where=self.count > 0)

    def _sum(self, values: np.ndarray) -> np.ndarray:
        import numpy as np

        weighted = np.broadcast_to(values * self._weight, self._number.shape)
        sums = np.bincount(self._number.ravel(), weighted.ravel(), math.prod(self._shape) + 1)
        return sums[:-1].reshape(self._shape)


def _bin_numbers(k: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the bin of each k, -1 outside all bins."""
    import numpy as np

    bins = len(edges) - 1
    numbers = np.where(k == edges[-1], bins - 1, np.searchsorted(edges, k, side="right") - 1)
    return np.where(numbers < bins, numbers, -1)


def _products(field: np.ndarray, other: np.ndarray | None) -> np.ndarray:
    """Return |δ_k|² of each computed mode, or Re δ_k conj(δ'_k) of two fields."""
    import numpy as np
    from scipy import fft

    if other is not None and other.shape != field.shape:
        raise ValueError(f"two fields must have the same shape, but they have {field.shape} and {other.shape}")
    waves = fft.rfftn(field, norm="forward")
    partner = waves if other is None else fft.rfftn(other, norm="forward")
    return np.asarray(waves.real * partner.real + waves.imag * partner.imag)

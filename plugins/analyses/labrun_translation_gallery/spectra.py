"""Power spectra of generated and expected pictures, and their cross-correlation."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labrun_lattices.spectra import Spectrum, log_bins, power_spectrum

__all__ = ["Spectra"]


class Spectra:
    """Sums over pictures of the power in bins of k, to which each model adds its pictures.

    Args:
        shape: (height, width) of a picture.
        cell_size: side of a pixel [Mpc].
        bins: number of logarithmic bins from the longest wave along the longer side to the shortest that pixels resolve.
    """

    def __init__(self, shape: tuple[int, ...], cell_size: float, bins: int) -> None:
        cells = max(shape)
        self._edges = log_bins(cells, cells * cell_size, bins)
        self._cell_size = cell_size
        self._spectrum: Spectrum | None = None
        self._sums: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.zeros((3, bins)))
        self._pictures: dict[str, int] = defaultdict(int)

    def add(self, name: str, generated: NDArray[np.float64], expected: NDArray[np.float64]) -> None:
        """Add pictures that a model generated, (n, height, width), and the expected ones."""
        self._pictures[name] += len(generated)
        for one, other in zip(generated, expected, strict=True):
            pairs = ((one, None), (other, None), (one, other))
            found = [power_spectrum(a, self._cell_size, self._edges, b) for a, b in pairs]
            self._spectrum = found[0]
            self._sums[name] += [spectrum.power for spectrum in found]

    def table(self) -> pd.DataFrame:
        """Return a row for each model and bin that holds a wave.

        Columns: `method`, `k` [1/Mpc], `modes` of one picture, Δ² `expected` and `generated` [unit²], their `ratio`, and `r`.
        """
        return pd.concat([self._rows(name) for name in self._sums], ignore_index=True)

    def _rows(self, name: str) -> pd.DataFrame:
        assert self._spectrum is not None, "the table follows the pictures"
        generated, expected, cross = (
            replace(self._spectrum, power=power / self._pictures[name]) for power in self._sums[name]
        )
        scale = np.sqrt(generated.power * expected.power)
        columns = {
            "method": name,
            "k": expected.k,
            "modes": expected.modes,
            "expected": expected.dimensionless,
            "generated": generated.dimensionless,
            "ratio": _ratio(generated.power, expected.power),
            "r": _ratio(cross.power, scale),
        }
        return pd.DataFrame(columns)[expected.modes > 0]


def _ratio(values: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide; NaN where the divisor is 0."""
    return np.divide(values, by, out=np.full_like(by, np.nan), where=by > 0)

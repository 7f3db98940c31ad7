"""Spectra of one box as tables, and the border of the foreground wedge."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from labrun_lattices.spectra import cross_correlation, cylindrical_power, log_bins, power_spectrum

__all__ = ["horizon_slope", "measure_spectra", "wave_bins"]


def measure_spectra(
    field: np.ndarray, other: np.ndarray | None, cell_size: float, bins: int, cylindrical: bool
) -> dict[str, pd.DataFrame]:
    """Return the requested spectra as tables with one row per bin, numbered by `bin`. Bins without modes are left out."""
    longest = max(field.shape)
    edges = log_bins(longest, longest * cell_size, bins)
    spectrum = power_spectrum(field, cell_size, edges)
    columns = {"k": spectrum.k, "power": spectrum.dimensionless}
    found = {"spectra": _table(columns, spectrum.modes)}
    if other is not None:
        k, r = cross_correlation(field, other, cell_size, edges)
        found["cross_correlation"] = _table({"k": k, "r": r}, spectrum.modes)
    if cylindrical:
        found["cylindrical"] = _measure_cylinder(field, cell_size, bins)
    return found


def _measure_cylinder(field: np.ndarray, cell_size: float, bins: int) -> pd.DataFrame:
    across = wave_bins(max(field.shape[:2]), cell_size, bins)
    along = wave_bins(field.shape[2], cell_size, bins)
    spectrum = cylindrical_power(field, cell_size, across, along)
    low_across, low_along = np.meshgrid(across[:-1], along[:-1], indexing="ij")
    high_across, high_along = np.meshgrid(across[1:], along[1:], indexing="ij")
    columns = {
        "k across, low": low_across,
        "k across, high": high_across,
        "k along, low": low_along,
        "k along, high": high_along,
        "power": spectrum.power,
    }
    return _table({name: values.ravel() for name, values in columns.items()}, spectrum.modes.ravel())


def _table(columns: dict[str, np.ndarray], modes: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame({"bin": np.arange(len(modes)), **columns, "modes": modes})
    return table[table["modes"] > 0]


def wave_bins(cells: int, cell_size: float, bins: int) -> np.ndarray:
    """Return roughly logarithmic bin edges along one axis, such that each bin contains a mode k = 2π m / L of the box.

    Exactly logarithmic bins would be empty between the longest waves. k = 0 lies below the first edge.
    """
    first = np.unique(np.rint(np.geomspace(1, cells // 2 + 1, bins + 1)))
    return 2 * math.pi / (cells * cell_size) * (first - 0.5)


def horizon_slope(redshift: float, omega_m: float) -> float:
    """Return k∥ / k⊥ at the horizon, where the foreground wedge ends: E(z) ∫₀^z dz'/E(z') / (1 + z), E² = Ω_m (1 + z)³ + 1 − Ω_m.

    A. Liu, A. R. Parsons and C. M. Trott, PRD 90, 023018 (2014), eq. 13, with sin θ = 1. The Hubble constant cancels.
    """
    from scipy.integrate import quad

    def expansion(z: float) -> float:
        return math.sqrt(omega_m * (1 + z) ** 3 + 1 - omega_m)

    distance = quad(lambda z: 1 / expansion(z), 0, redshift)[0]
    return float(expansion(redshift) * distance / (1 + redshift))

"""Crossings of the Binder cumulants of two sizes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from labrun_ising.observables import curves

__all__ = ["find_crossings"]


def find_crossings(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each pair of neighbouring sizes whose cumulants cross, by linear interpolation between temperatures.

        T* = T₀ + t (T₁ − T₀),    t = D₀ / (D₀ − D₁),    σ* = √(((1 − t) σ₀)² + (t σ₁)²) (T₁ − T₀) / |D₀ − D₁|

    D: difference of the cumulants, larger size − smaller size, which decreases through 0 at T*; σ: its standard error. Far
    below T_c both cumulants are 2/3 and cross only by chance, so the steepest crossing counts.
    """
    rows = []
    for (small, one), (large, other) in pairwise(sorted(curves(table), key=lambda curve: _sites(curve[1]))):
        both = one.merge(other, on="temperature", suffixes=("", " of the other")).sort_values("temperature")
        d, sigma = _difference(both)
        t = both["temperature"].to_numpy(float)
        falls = np.flatnonzero((d[:-1] > 0) & (d[1:] <= 0))
        if falls.size:
            i = falls[np.argmax((d[falls] - d[falls + 1]) / (t[falls + 1] - t[falls]))]
            share, step, fall = d[i] / (d[i] - d[i + 1]), t[i + 1] - t[i], d[i] - d[i + 1]
            error = np.hypot((1 - share) * sigma[i], share * sigma[i + 1]) * step / fall
            rows.append({"small": small, "large": large, "temperature": t[i] + share * step, "error": error})
    return pd.DataFrame(rows, columns=["small", "large", "temperature", "error"])


def _sites(curve: pd.DataFrame) -> int:
    return int(curve["height"].iloc[0] * curve["width"].iloc[0])


def _difference(both: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the difference of the cumulants, and its standard error."""
    name = "Binder cumulant"
    d = both[f"{name} of the other"] - both[name]
    return d.to_numpy(float), np.hypot(both[f"{name} error of the other"], both[f"{name} error"]).to_numpy(float)

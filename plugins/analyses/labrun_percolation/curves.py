"""Curves of percolation: averages over members at each point, and crossings of the winding probability with 1/2."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from labrun_lattices.clusters import measure_clusters

__all__ = ["average", "find_thresholds", "measure_member"]

LARGEST, WINDING = "largest fraction", "winding probability"


def measure_member(planes: Iterable[np.ndarray]) -> dict[str, float]:
    """Return the mean over planes, (height, width) each, of the largest cluster as a fraction of the particles (0 if there are none), and
    the share of planes whose largest cluster winds."""
    rows = []
    for plane in planes:
        found, particles = measure_clusters(plane), int(np.count_nonzero(plane))
        rows.append((found.largest / max(1, particles), found.winding > 0))
    largest, winding = np.mean(rows, axis=0)
    return {LARGEST: float(largest), WINDING: float(winding)}


def average(members: pd.DataFrame, by: str | None, x: str) -> pd.DataFrame:
    """Return one row per point, ordered by curve and then by x: mean over its members, and standard error (NaN for one member).

    `members` holds the columns `by`, `x` and those of `measure_member`.
    """
    points = members.groupby([by, x] if by is not None else [x], dropna=False)
    columns: dict[str, pd.Series] = {"members": points.size()}
    for name in (LARGEST, WINDING):
        columns[name] = points[name].mean()
        columns[f"{name} error"] = points[name].sem()
    return pd.DataFrame(columns).reset_index()


def find_thresholds(points: pd.DataFrame, x: str) -> pd.DataFrame:
    """Find where one curve, ordered by x, crosses a winding probability P of 1/2, by linear interpolation between neighbours:

        x* = x₀ + t (x₁ − x₀),    t = (1/2 − P₀) / (P₁ − P₀),    σ* = √(((1 − t) σ₀)² + (t σ₁)²) (x₁ − x₀) / |P₁ − P₀|

    Return one row per crossing, with the two points around it. σ is the standard error of P.
    """
    places, p, sigma = (points[name].to_numpy(float) for name in (x, WINDING, f"{WINDING} error"))
    i = np.flatnonzero(np.diff(p >= 0.5))
    step, rise = places[i + 1] - places[i], p[i + 1] - p[i]
    t = (0.5 - p[i]) / rise
    error = np.hypot((1 - t) * sigma[i], t * sigma[i + 1]) * step / np.abs(rise)
    return pd.DataFrame({x: places[i] + t * step, "error": error, "above": places[i], "below": places[i + 1]})

"""Average histories over realizations, and find their redshift of half ionization."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

__all__ = ["average", "find_midpoints"]


def average(rows: pd.DataFrame, columns: Sequence[str], measured: Sequence[str]) -> pd.DataFrame:
    """Return a row for each value of the columns and redshift, ascending: means and standard deviations over members."""
    groups = rows.groupby([*columns, "redshift"], dropna=False)
    found = {}
    for name in measured:
        found[name] = groups[name].mean()
        found[f"{name} spread"] = groups[name].std()
    return pd.DataFrame({**found, "members": groups["member"].nunique()}).reset_index()


def find_midpoints(history: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return a row for each line: the highest redshift at which its mean neutral fraction falls through 1/2, NaN if none."""
    lines = [*history.groupby(list(columns), dropna=False)] if columns else [((), history)]
    rows = [{**dict(zip(columns, key, strict=True)), "redshift": _midpoint(line)} for key, line in lines]
    return pd.DataFrame(rows)


def _midpoint(line: pd.DataFrame) -> float:
    z, neutral = line["redshift"].to_numpy(float), line["neutral fraction"].to_numpy(float)
    below = np.flatnonzero((neutral[:-1] < 0.5) & (neutral[1:] >= 0.5))
    if not len(below):
        return float("nan")
    i = below[-1]
    return float(np.interp(0.5, neutral[i : i + 2], z[i : i + 2]))

"""Distributions of realizations, averaged."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

__all__ = ["average"]


def average(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """A row for each method, value of the columns, and bin: the mean of dP/dlnR over members, and its standard deviation."""
    groups = rows.groupby(["method", *columns, "R"], dropna=False, sort=False)
    found = {
        "dP/dlnR": groups["dP/dlnR"].mean(),
        "spread": groups["dP/dlnR"].std(),
        "members": groups["member"].nunique(),
    }
    return pd.DataFrame(found).reset_index()

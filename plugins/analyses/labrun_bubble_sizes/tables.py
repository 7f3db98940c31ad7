"""Average distributions over realizations."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

__all__ = ["average"]


def average(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return a row for each method, value of the columns, and bin: mean and standard deviation of dP/dlnR over members."""
    groups = rows.groupby(["method", *columns, "R"], dropna=False, sort=False)
    found = {
        "dP/dlnR": groups["dP/dlnR"].mean(),
        "spread": groups["dP/dlnR"].std(),
        "members": groups["member"].nunique(),
    }
    return pd.DataFrame(found).reset_index()

"""Distributions of realizations, averaged."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

__all__ = ["average", "averaged_over"]

REALIZATIONS = ("repeat", "realization")
"""Columns that number realizations: nobody is surprised that these are averaged over."""


def average(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """A row for each method, value of the columns, and bin: the mean of dP/dlnR over members, and its standard deviation."""
    groups = rows.groupby(["method", *columns, "R"], dropna=False, sort=False)
    found = {
        "dP/dlnR": groups["dP/dlnR"].mean(),
        "spread": groups["dP/dlnR"].std(),
        "members": groups["member"].nunique(),
    }
    return pd.DataFrame(found).reset_index()


def averaged_over(parameters: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """The columns in which members differ that agree in `columns`, but for the numbers of realizations."""
    others = [name for name in parameters.columns if name not in (*columns, *REALIZATIONS)]
    words = parameters.astype(str)  # a value may be a list
    counts = words.groupby(list(columns) or (lambda _: 0))[others].nunique()
    return [name for name in others if (counts[name] > 1).any()]

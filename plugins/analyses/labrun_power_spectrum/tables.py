"""Average spectra over realizations."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

__all__ = ["average"]

NUMBERS = ("modes", "member", "box")


def average(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return a row for each value of the columns and bin: mean and standard deviation over members of the measured quantity.

    That is the last measured column; the others give the place of the bin and agree in all members.

    Raises:
        ValueError: members to be averaged differ in size.
    """
    keys = [*columns, "bin"]
    measured = [name for name in rows.columns if name not in (*keys, *NUMBERS)]
    groups = rows.groupby(keys, dropna=False)
    _expect_equal_boxes(rows, groups["box"].nunique().max())
    table = groups[[*measured, "modes"]].first()
    table[measured[-1]] = groups[measured[-1]].mean()
    table["spread"] = groups[measured[-1]].std()
    table["members"] = groups["member"].nunique()
    return table.reset_index().drop(columns="bin")


def _expect_equal_boxes(rows: pd.DataFrame, most: int) -> None:
    if most > 1:
        found = "; ".join(f"member {member}: {box}" for box, member in rows.groupby("box")["member"].first().items())
        raise ValueError(
            f"realizations to be averaged must be boxes of one size, but found {found}; name a column in which they differ as 'by' or "
            "'panels'"
        )

"""Choose the members that a gallery shows, and their places."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from labrun.kit.choosing import evenly
from labrun.kit.parameter_sets import equation

__all__ = ["choose_members"]


def choose_members(
    parameters: pd.DataFrame, rows: str | None, columns: str | None, most: int, named: Callable[[str], str]
) -> pd.DataFrame:
    """Return one row per picture: `member`, and `row` and `column`, its labels; ascending by the values of both. `named` returns the label
    of a column.

    At most `most` evenly spaced values of each column are kept, and the first of the members that agree in both. Without columns, the
    members are shown from left to right.
    """
    table = parameters.reset_index()
    if rows is None and columns is None:
        columns = "member"
    places = {"row": rows, "column": columns}
    order = {place: _numbers(table[name], most) for place, name in places.items() if name is not None}
    numbers = pd.DataFrame({place: table[places[place]].map(number) for place, number in order.items()})
    shown = numbers.dropna().drop_duplicates().sort_values([*order]).index
    words = {
        place: "" if name is None else [equation(named(name), value) for value in table.loc[shown, name]]
        for place, name in places.items()
    }
    return pd.DataFrame({"member": table.loc[shown, "member"], **words}).reset_index(drop=True)


def _numbers(values: pd.Series, most: int) -> dict[object, int]:
    """Return the places of at most `most` evenly spaced distinct values, including the first and the last."""
    ordered = sorted(values.unique())
    return {ordered[i]: place for place, i in enumerate(evenly(len(ordered), most))}

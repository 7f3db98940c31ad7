"""Which members a gallery shows, and where."""

from __future__ import annotations

import pandas as pd

from labrun.kit.choosing import evenly
from labrun.kit.parameter_sets import in_words

__all__ = ["choose_members"]


def choose_members(parameters: pd.DataFrame, rows: str | None, columns: str | None, most: int) -> pd.DataFrame:
    """A row a picture: `member`, and `row` and `column`, the words that stand beside and above it; ascending, by the values of both.

    At most so many values of each, spread evenly; the first member of those that agree in both. Without either column, the members
    themselves are shown from left to right.
    """
    table = parameters.reset_index()
    if rows is None and columns is None:
        columns = "member"
    places = {"row": rows, "column": columns}
    order = {place: _numbers(table[name], most) for place, name in places.items() if name is not None}
    numbers = pd.DataFrame({place: table[places[place]].map(number) for place, number in order.items()})
    shown = numbers.dropna().drop_duplicates().sort_values([*order]).index
    words = {
        place: "" if name is None else [f"{name} = {in_words(value)}" for value in table.loc[shown, name]]
        for place, name in places.items()
    }
    return pd.DataFrame({"member": table.loc[shown, "member"], **words}).reset_index(drop=True)


def _numbers(values: pd.Series, most: int) -> dict[object, int]:
    """The places of some of the distinct values, from the first to the last of them."""
    ordered = sorted(values.unique())
    return {ordered[i]: place for place, i in enumerate(evenly(len(ordered), most))}

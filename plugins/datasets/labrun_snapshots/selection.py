"""Choose the members, and the snapshots of them, that become examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype

from labrun import Ensemble, Findings

TABLE = "members"


def first_of_each(column: Sequence[Any], count: int | None) -> NDArray[np.int64]:
    """Return the places of the first `count` entries of each value of a column, in their order; of all entries if it is None."""
    seen: Counter[Any] = Counter()
    chosen = []
    for place, value in enumerate(column):
        seen[value] += 1
        if count is None or seen[value] <= count:
            chosen.append(place)
    return np.array(chosen, np.int64)


def steady_snapshots(
    simulation: Ensemble,
    members: NDArray[np.int64],
    chosen: Sequence[NDArray[np.int64]],
    convergence: Findings,
    time: str,
) -> list[NDArray[np.int64]]:
    """Return the chosen snapshots of each member that are not earlier than the start of its steady state.

    Raises:
        ValueError: the findings hold no starts, or those of other members.
    """
    table = convergence.tables.get(TABLE)
    if table is None or not {"member", "start"} <= set(table.columns):
        found = ", ".join(convergence.tables) or "nothing"
        raise ValueError(
            f"'convergence' takes the findings of cluster_convergence, whose table '{TABLE}' holds the start of each member's steady "
            f"state; found {found}"
        )
    rows = table.set_index(table["member"].astype(int))
    start_of = rows["start"].to_dict()
    numbers = [simulation.numbers[member] for member in members]
    others = [number for number in numbers if number not in start_of or not _agree(simulation, rows, number)]
    if others:
        raise ValueError(
            f"'convergence' does not contain member {others[0]} of '{simulation.name}': run it on the same simulation"
        )
    return [
        snapshots[simulation.read(int(member), time)[snapshots] >= start_of[number]]
        for member, number, snapshots in zip(members, numbers, chosen, strict=True)
    ]


def _agree(simulation: Ensemble, rows: pd.DataFrame, number: int) -> bool:
    """Check whether a member has the same numbers in both tables, in the columns that both have."""
    place = simulation.numbers.index(number)
    shared = [name for name in simulation.columns if name in rows and is_numeric_dtype(rows[name])]
    return all(np.isclose(simulation.columns[name][place], rows.loc[number, name]) for name in shared)

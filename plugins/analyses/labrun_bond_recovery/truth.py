"""True networks of pictures, from their simulation or read from the expected drawing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from labrun import Ensemble, Examples
from labrun_spring_networks.drawn import expected_pictures, read_drawing

__all__ = ["CLEAR", "Truth", "classes_of", "members_of", "read_truths", "simulated_truths"]

CLEAR = 0.5
"""Threshold of the score where none can be chosen"""


class Truth(NamedTuple):
    """A network in its picture."""

    places: NDArray[np.float64]
    """(n, 2): column and row of each site [pixels]"""
    bonds: NDArray[np.int64]
    """(m, 2): the smaller site first"""


def simulated_truths(simulation: Ensemble, examples: Examples) -> Iterator[Truth]:
    """Yield the network of each example. Bonds over a periodic boundary are left out, since no line in the picture shows them.

    Raises:
        KeyError: the simulation has no sites in pixels, or no bonds.
        ValueError: as `members_of`, or a position is not finite.
    """
    for i in members_of(simulation, examples):
        places = simulation.read(i, "pixels").astype(float)
        if not np.isfinite(places).all():
            raise ValueError(
                f"'pixels' of member {simulation.numbers[i]} of '{simulation.name}' holds NaN or infinity: a site has no position"
            )
        inside = ~np.any(simulation.read(i, "offsets"), axis=1)
        bonds = np.sort(simulation.read(i, "bonds")[inside], axis=1)
        yield Truth(places, np.unique(bonds, axis=0))


def read_truths(examples: Examples) -> Iterator[Truth]:
    """Yield the network in each expected drawing."""
    for picture in expected_pictures(examples):
        drawing = read_drawing(picture)
        yield Truth(drawing.sites, drawing.bonds(CLEAR))


def classes_of(simulation: Ensemble, examples: Examples, column: str | None) -> list[str]:
    """Return the class of each example, from a column of its simulation's table; a number is named after its column, as `margin 8`.

    Raises:
        ValueError: as `members_of`.
    """
    members = members_of(simulation, examples)
    if column is None:
        return ["networks"] * len(members)
    values = [simulation.columns[column][i] for i in members]
    return [f"{column} {value:g}" if isinstance(value, (int, float)) else str(value) for value in values]


def members_of(simulation: Ensemble, examples: Examples) -> list[int]:
    """Return the member of the ensemble that each example shows.

    Raises:
        ValueError: the ensemble has no such member.
    """
    table = examples.table
    members = [int(i) for i in (table["member"] if table is not None and "member" in table else examples.groups)]
    if members and max(members) >= len(simulation):
        raise ValueError(
            f"'{examples.name}' shows member {max(members)}, but '{simulation.name}' has only {len(simulation)} members: name the "
            "simulation from which the dataset was made"
        )
    return members

"""Which slices hold anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from labrun import Ensemble
from labrun.files import write_atomically
from labrun_slices.places import Places

FILE = "filled.npy"


def filled_places(simulation: Ensemble, arrays: Sequence[str], places: Places, folder: Path) -> NDArray[np.bool_]:
    """For each example, whether it is other than 0 somewhere in some array. Found once, by reading all cubes; then read from `folder`.

    Raises:
        ValueError: none is.
    """
    path = folder / FILE
    if not path.is_file():
        filled = np.empty(len(places), np.bool_)
        for member in range(len(simulation)):
            mine = np.flatnonzero(places.member == member)
            cube = np.any([simulation.read(member, name) != 0 for name in arrays], axis=0)
            filled[mine] = _filled_in(cube, places, mine)
        if not filled.any():
            raise ValueError(f"all slices of '{simulation.name}' are 0 everywhere, and 'empty: drop' leaves none")
        with write_atomically(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, filled)
    return np.load(path)


def _filled_in(cube: NDArray[np.bool_], places: Places, mine: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The same for the examples `mine` of one cube: each plane is looked at in tiles."""
    height, width = places.size
    filled = np.empty(len(mine), np.bool_)
    for axis in np.unique(places.axis[mine]):
        planes = np.moveaxis(cube, axis, 0)
        parts = planes.reshape(len(planes), planes.shape[1] // height, height, planes.shape[2] // width, width)
        tiles = np.logical_or.reduce(parts, axis=(2, 4))
        here = places.axis[mine] == axis
        chosen = mine[here]
        filled[here] = tiles[places.position[chosen], places.row[chosen] // height, places.column[chosen] // width]
    return filled

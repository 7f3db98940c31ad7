"""Find the slices that are not 0 everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from labrun import Ensemble
from labrun.files.atomic import write_atomically
from labrun_slices.places import Places

FILE = "filled.npy"


def filled_places(simulation: Ensemble, arrays: Sequence[str], places: Places, folder: Path) -> NDArray[np.bool_]:
    """Mark the examples in which an array is not 0 everywhere. They are found once, by reading all cubes, and then read from `folder`.

    Raises:
        ValueError: there is none.
    """
    path = folder / FILE
    if not path.is_file():
        filled = np.empty(len(places), np.bool_)
        axes = tuple(np.unique(places.axis).tolist())
        found = simulation.map(partial(_filled_tiles, arrays=tuple(arrays), axes=axes, size=places.size))
        for member, tiles in enumerate(found):
            for axis in axes:
                mine = np.flatnonzero((places.member == member) & (places.axis == axis))
                row, column = places.row[mine] // places.size[0], places.column[mine] // places.size[1]
                filled[mine] = tiles[axis][places.position[mine], row, column]
        if not filled.any():
            raise ValueError(f"all slices of '{simulation.name}' are 0 everywhere, and 'empty: drop' leaves none")
        with write_atomically(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, filled)
    return np.load(path, allow_pickle=False)


def _filled_tiles(
    simulation: Ensemble, member: int, arrays: Sequence[str], axes: Sequence[int], size: tuple[int, int]
) -> dict[int, NDArray[np.bool_]]:
    """Mark the tiles of each plane that are not 0 everywhere: (planes, rows, columns) for each axis that a cube is cut across."""
    height, width = size
    cube = np.any([simulation.read(member, name) != 0 for name in arrays], axis=0)
    found = {}
    for axis in axes:
        planes = np.moveaxis(cube, axis, 0)
        parts = planes.reshape(len(planes), planes.shape[1] // height, height, planes.shape[2] // width, width)
        found[axis] = np.logical_or.reduce(parts, axis=(2, 4))
    return found

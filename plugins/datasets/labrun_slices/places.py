"""Places of slices: member, axis, position, and the corner of the tile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labrun import Ensemble

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Places:
    """Places of all examples: 20 bytes each, whatever the size of a slice."""

    shapes: list[Shape]
    """Shape of the cubes of each member"""
    size: tuple[int, int]
    """Height and width of every slice [cells]"""
    block: int | None
    member: NDArray[np.int32]
    axis: NDArray[np.int32]
    position: NDArray[np.int32]
    row: NDArray[np.int32]
    column: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.member)

    def take(self, chosen: NDArray[np.bool_]) -> Places:
        """Take the places of some examples."""
        each = (self.member, self.axis, self.position, self.row, self.column)
        return Places(self.shapes, self.size, self.block, *(values[chosen] for values in each))

    def tile(self, example: int) -> tuple[slice, slice]:
        """Rows and columns of the plane that an example shows."""
        row, column = int(self.row[example]), int(self.column[example])
        return slice(row, row + self.size[0]), slice(column, column + self.size[1])

    def table(self) -> pd.DataFrame:
        """Make a table with one row an example."""
        table = {"member": self.member, "axis": self.axis, "position": self.position}
        if self.block is not None:
            table |= {"block": self._blocks(self.block), "row": self.row, "column": self.column}
        return pd.DataFrame(table, copy=False)

    def _blocks(self, side: int) -> NDArray[np.int32]:
        """Number each example's block within its cube, counting along the last axis first."""
        order = np.array(
            [[0, 1, 2], [1, 0, 2], [1, 2, 0]]
        )  # across axis a: which of (position, row, column) runs along axes 0, 1, 2
        corner = np.stack([self.position, self.row, self.column])
        places = np.take_along_axis(corner, order[self.axis].T, axis=0) // side
        counts = -(-np.array(self.shapes, np.int32)[self.member].T // side)
        return (places[0] * counts[1] + places[1]) * counts[2] + places[2]


def shapes_of(simulation: Ensemble, arrays: Sequence[str]) -> list[Shape]:
    """Return the shape of the cubes of each member.

    Raises:
        ValueError: an array is missing or not a cube, or those of one member differ.
    """
    shapes: list[Shape] = []
    for member in range(len(simulation)):
        found = {name: shape_of(simulation, member, name) for name in arrays}
        for name, shape in found.items():
            of = f"of member {simulation.numbers[member]} of '{simulation.name}'"
            if len(shape) != 3 or 0 in shape:
                raise ValueError(f"'{name}' {of} has the shape {shape}; expected a cube, (N, N, N) or (N, N, planes)")
            if shape != (first := found[arrays[0]]):
                raise ValueError(f"the arrays {of} differ in shape: '{arrays[0]}' has {first}, '{name}' {shape}")
        shapes.append(found[arrays[0]])  # type: ignore[arg-type]  # three axes, as just checked
    return shapes


def shape_of(simulation: Ensemble, member: int, array: str) -> tuple[int, ...]:
    """Return the shape of an array.

    Raises:
        ValueError: the member has no such array.
    """
    try:
        return simulation.shape(member, array)
    except KeyError:
        number, given = simulation.numbers[member], ", ".join(simulation.names)
        raise ValueError(
            f"member {number} of '{simulation.name}' has no array '{array}'; the first gives {given}"
        ) from None


def plane_of(shape: Shape, axis: int) -> tuple[int, int]:
    """Return height and width of a plane across an axis."""
    height, width = (side for other, side in enumerate(shape) if other != axis)
    return height, width


def positions_along(side: int, stride: int, block: int | None) -> NDArray[np.int32]:
    """Return the positions of planes along an axis: one every `stride`, from the first plane of each block on."""
    positions = np.arange(side, dtype=np.int32)
    return positions[positions % (block or side) % stride == 0]


def find_places(shapes: list[Shape], axes: Sequence[int], stride: int, block: int | None) -> Places:
    """List the places of all slices: member by member, axis by axis, plane by plane, tile by tile.

    Raises:
        ValueError: there is no member, slices differ in size, or blocks do not fill a plane.
    """
    if not shapes:
        raise ValueError("the simulation has no members, so there are no slices")
    size = _common_size(shapes, axes, block)
    of_shape = {shape: _places_in(shape, axes, stride, size, block) for shape in set(shapes)}
    member = np.repeat(np.arange(len(shapes), dtype=np.int32), [of_shape[shape].shape[1] for shape in shapes])
    axis, position, row, column = np.concatenate([of_shape[shape] for shape in shapes], axis=1)
    return Places(shapes, size, block, member, axis, position, row, column)


def _common_size(shapes: list[Shape], axes: Sequence[int], block: int | None) -> tuple[int, int]:
    planes = {plane_of(shape, axis): axis for shape in set(shapes) for axis in axes}
    for height, width in planes if block else ():
        if height % block or width % block:  # type: ignore[operator]  # there is a block
            raise ValueError(
                f"blocks of {block} cells do not fill a plane of {height} × {width}: choose a side that divides both"
            )
    if block:
        return block, block
    if len(planes) > 1:
        found = ", ".join(f"{height} × {width} across axis {axis}" for (height, width), axis in planes.items())
        raise ValueError(
            f"slices must be of one size, but there are {found}: name 'axes' whose planes agree, or cut into blocks"
        )
    return next(iter(planes))


def _places_in(
    shape: Shape, axes: Sequence[int], stride: int, size: tuple[int, int], block: int | None
) -> NDArray[np.int32]:
    """Return axis, position, row and column of all slices of one cube, (4, slices)."""
    found = []
    for axis in axes:
        height, width = plane_of(shape, axis)
        corners = np.arange(0, height, size[0]), np.arange(0, width, size[1])
        mesh = np.meshgrid([axis], positions_along(shape[axis], stride, block), *corners, indexing="ij")
        found.append(np.stack(mesh).reshape(4, -1).astype(np.int32))
    return np.concatenate(found, axis=1)

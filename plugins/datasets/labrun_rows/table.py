"""The rows of all members of an ensemble as one long table, read when they are needed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from labrun import Ensemble

VALUES_AT_ONCE = 2**17
"""An array of numbers or short rows with at most this many values (a megabyte) is read whole, which is faster than row by row."""


class Table:
    """Rows of several arrays of an ensemble.

    `member_of` and `row_of`, (rows,) int64, say where each row of the table lies, and `shapes` which shape a row of each array has.
    """

    def __init__(self, simulation: Ensemble, names: Sequence[str]) -> None:
        """Compare the shapes of the arrays `names` in all members.

        Raises:
            ValueError: an array is missing, arrays of one member differ in length, rows of one array differ in shape between members, or
                there is no row.
        """
        self._simulation = simulation
        self.shapes: dict[str, tuple[int, ...]] = {}
        counts = [self._count(member, names) for member in range(len(simulation))]
        if not sum(counts):
            raise ValueError(f"'{simulation.name}' has no rows in {' and '.join(names)}, so there is no example")
        self.member_of = np.repeat(np.arange(len(counts)), counts)
        self.row_of = np.concatenate([np.arange(count) for count in counts])

    def _count(self, member: int, names: Sequence[str]) -> int:
        """Count the rows of a member."""
        of = f"of member {self._simulation.numbers[member]} of '{self._simulation.name}'"
        counts = {}
        for name in names:
            shape = self._shape(member, name)
            expected = self.shapes.setdefault(name, shape[1:])
            if not shape or len(shape) > 4 or 0 in shape[1:]:
                raise ValueError(
                    f"'{name}' {of} has the shape {shape}; expected (rows,), (rows, values) or (rows, height, width)"
                )
            if shape[1:] != expected:
                raise ValueError(
                    f"'{name}': a row {of} has the shape {shape[1:]}, that of an earlier member {expected}"
                )
            counts[name] = shape[0]
        if len(set(counts.values())) > 1:
            found = ", ".join(f"{count} in '{name}'" for name, count in counts.items())
            raise ValueError(
                f"the arrays {of} differ in their number of rows ({found}), so row i is not one example: name others"
            )
        return next(iter(counts.values()))

    def _shape(self, member: int, name: str) -> tuple[int, ...]:
        try:
            return self._simulation.shape(member, name)
        except KeyError:
            raise ValueError(
                f"'{self._simulation.name}' gives no array '{name}'; it gives {', '.join(self._simulation.names)}"
            ) from None

    def expect_joinable(self, names: Sequence[str]) -> None:
        """Refuse arrays whose rows cannot be joined along their last axis.

        Raises:
            ValueError: they are columns and images, or images of several sizes.
        """
        bases = {name: _with_channels(self.shapes[name])[:-1] for name in names}
        if len(set(bases.values())) > 1:
            found = ", ".join(f"{self.shapes[name] or 'a number'} in '{name}'" for name in names)
            raise ValueError(
                f"rows of different shapes cannot be joined: {found}; expected numbers alone, or images of one size"
            )

    def column(self, name: str) -> NDArray:
        """Read a whole array of numbers, (rows,)."""
        members = range(len(self._simulation))
        return np.concatenate([self._simulation.read(member, name) for member in members])

    def load(self, indices: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.float32]:
        """Read some rows of these arrays and join them along their last axis: (indices, …, values or channels)."""
        base = _with_channels(self.shapes[names[0]])[:-1]
        widths = [_with_channels(self.shapes[name])[-1] for name in names]
        joined = np.empty((len(indices), *base, sum(widths)), np.float32)
        members, rows = self.member_of[indices], self.row_of[indices]
        for member in np.unique(members):
            wanted = np.flatnonzero(members == member)
            first = 0
            for name, width in zip(names, widths, strict=True):
                values = self._read(int(member), name, rows[wanted])
                joined[wanted, ..., first : first + width] = values.reshape(len(wanted), *base, width)
                first += width
        return joined

    def _read(self, member: int, name: str, rows: NDArray[np.int64]) -> NDArray:
        """Read rows of one array of one member, (len(rows), …)."""
        shape = self._simulation.shape(member, name)
        if len(shape) <= 2 and math.prod(shape) <= VALUES_AT_ONCE:
            return self._simulation.read(member, name)[rows]
        return np.stack([self._simulation.read(member, name, int(row)) for row in rows])


def _with_channels(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Give a number the shape (1,), and an image one channel, (height, width, 1)."""
    return (*shape, 1) if len(shape) in (0, 2) else shape

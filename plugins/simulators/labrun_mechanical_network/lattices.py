"""Lattices as data: the vectors of a cell, the sites in it, and the bonds that begin in it.

Lengths are in spacings: every bond of the lattices below has the length 1, except the longer ones of `triangular_next` (√3). A further
lattice is another entry of `LATTICES`, or is defined in a project.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

Vector = Annotated[tuple[float, ...], Field(min_length=2, max_length=2)]
Bond = Annotated[tuple[int, ...], Field(min_length=4, max_length=4)]
Name = Literal["honeycomb", "kagome", "lieb", "snub_square", "square", "star", "triangular", "triangular_next"]
"""Names of lattices in a project"""


class Lattice(BaseModel):
    """A periodic network: site (i, j, s) is at i cell[0] + j cell[1] + basis[s], x to the right and y up [spacings]."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    cell: tuple[Vector, Vector] = Field(description="the two vectors of a cell, [[x, y], [x, y]] [spacings]")
    basis: tuple[Vector, ...] = Field(description="position of each site in a cell, [x, y] [spacings]")
    bonds: tuple[Bond, ...] = Field(
        description="[s, t, i, j]: site s of a cell is joined to site t of the cell i columns and j rows further; sites count from 0",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not (self.basis and self.bonds):
            raise ValueError("expected at least one site in basis, and one bond in bonds")
        (a, b), (c, d) = self.cell
        if math.isclose(a * d, b * c, abs_tol=1e-9):
            raise ValueError(
                f"the cell {list(map(list, self.cell))} has no area: expected two vectors in different directions"
            )
        for number, bond in enumerate(self.bonds):
            if problem := self._fault_of(bond, self.bonds[:number]):
                raise ValueError(f"bonds[{number}]={list(bond)} {problem}")
        return self

    def _fault_of(self, bond: Bond, before: tuple[Bond, ...]) -> str:
        """Describe a fault of a bond; return an empty text if there is none."""
        s, t, i, j = bond
        sites = len(self.basis)
        if not (0 <= s < sites and 0 <= t < sites):
            return f"joins an unknown site: basis has {sites}, numbered from 0 to {sites - 1}"
        if bond == (s, s, 0, 0):
            return "joins a site to itself: name the cell of the other, as columns and rows to it"
        if bond in before or (t, s, -i, -j) in before:
            return "is there twice: give each bond once, from either of its sites"
        return ""

    @property
    def coordination(self) -> tuple[int, ...]:
        """Number of bonds of each site of a cell, away from all boundaries"""
        ends = Counter(site for bond in self.bonds for site in bond[:2])
        return tuple(ends[site] for site in range(len(self.basis)))


def _polygon(corners: int, radius: float, first: float, centre: Vector = (0.0, 0.0)) -> tuple[Vector, ...]:
    """Return the corners of a regular polygon, anticlockwise from the angle `first` [degrees] on."""
    angles = [math.radians(first + 360 * corner / corners) for corner in range(corners)]
    return tuple((centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)) for angle in angles)


_HALF_ROOT_3 = math.sqrt(3) / 2
_STAR = 1 + 2 / math.sqrt(3)  # distance between the middles of two joined triangles
_SNUB = 2 * math.cos(math.pi / 12)

_TRIANGULAR: tuple[Bond, ...] = ((0, 0, 1, 0), (0, 0, 0, 1), (0, 0, -1, 1))

LATTICES: Mapping[Name, Lattice] = {
    "honeycomb": Lattice(
        cell=((2 * _HALF_ROOT_3, 0), (_HALF_ROOT_3, 1.5)),
        basis=((0, 0), (0, 1)),
        bonds=((0, 1, 0, 0), (0, 1, 0, -1), (0, 1, 1, -1)),
    ),
    "kagome": Lattice(
        cell=((2, 0), (1, 2 * _HALF_ROOT_3)),
        basis=((0, 0), (1, 0), (0.5, _HALF_ROOT_3)),
        bonds=((0, 1, 0, 0), (0, 2, 0, 0), (1, 2, 0, 0), (1, 0, 1, 0), (2, 0, 0, 1), (1, 2, 1, -1)),
    ),
    "lieb": Lattice(
        cell=((2, 0), (0, 2)),
        basis=((0, 0), (1, 0), (0, 1)),
        bonds=((0, 1, 0, 0), (0, 2, 0, 0), (1, 0, 1, 0), (2, 0, 0, 1)),
    ),
    "snub_square": Lattice(
        cell=((_SNUB, 0), (0, _SNUB)),
        basis=_polygon(4, math.sqrt(0.5), 30),
        bonds=(
            (0, 1, 0, 0), (1, 2, 0, 0), (2, 3, 0, 0), (3, 0, 0, 0), (0, 1, 1, 0),
            (0, 2, 1, 0), (3, 2, 1, 0), (0, 3, 0, 1), (1, 2, 0, 1), (1, 3, 0, 1),
        ),
    ),
    "square": Lattice(
        cell=((2, 0), (0, 2)),
        basis=((0, 0), (1, 0), (0, 1), (1, 1)),
        bonds=(
            (0, 1, 0, 0), (2, 3, 0, 0), (1, 0, 1, 0), (3, 2, 1, 0),
            (0, 2, 0, 0), (1, 3, 0, 0), (2, 0, 0, 1), (3, 1, 0, 1),
        ),
    ),
    "star": Lattice(
        cell=((2 * _HALF_ROOT_3 * _STAR, 0), (_HALF_ROOT_3 * _STAR, 1.5 * _STAR)),
        basis=_polygon(3, 1 / math.sqrt(3), 90) + _polygon(3, 1 / math.sqrt(3), -90, (0, _STAR)),
        bonds=(
            (0, 1, 0, 0), (1, 2, 0, 0), (2, 0, 0, 0), (3, 4, 0, 0), (4, 5, 0, 0), (5, 3, 0, 0),
            (0, 3, 0, 0), (1, 4, 0, -1), (2, 5, 1, -1),
        ),
    ),
    "triangular": Lattice(cell=((1, 0), (0.5, _HALF_ROOT_3)), basis=((0, 0),), bonds=_TRIANGULAR),
    "triangular_next": Lattice(
        cell=((1, 0), (0.5, _HALF_ROOT_3)),
        basis=((0, 0),),
        bonds=(*_TRIANGULAR, (0, 0, 1, 1), (0, 0, 2, -1), (0, 0, -1, 2)),
    ),
}  # fmt: skip

_COORDINATION: Mapping[Name, tuple[int, ...]] = {
    "honeycomb": (3, 3),
    "kagome": (4, 4, 4),
    "lieb": (4, 2, 2),
    "snub_square": (5, 5, 5, 5),
    "square": (4, 4, 4, 4),
    "star": (3, 3, 3, 3, 3, 3),
    "triangular": (6,),
    "triangular_next": (12,),
}

assert set(LATTICES) == set(get_args(Name))
for _name, _lattice in LATTICES.items():
    assert _lattice.coordination == _COORDINATION[_name], f"{_name}: {_lattice.coordination}"


def lattice_kind(value: Any) -> str:
    """Return how a project gives a lattice: by `name` or as a `table`."""
    return "table" if isinstance(value, (Mapping, Lattice)) else "name"

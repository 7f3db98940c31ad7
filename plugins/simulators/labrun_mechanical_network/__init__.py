"""Mechanical networks: sites and bonds of a lattice, distorted and diluted, and two pictures, without and with the bonds.

The lattices are in `lattices`, blocks of cells in `block`, positions in the picture in `layout`, and dots and lines in `rendering`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import Discriminator, Tag, model_validator

from labrun import Arrays, Field, Simulator, View, hookimpl
from labrun_mechanical_network.lattices import LATTICES, Lattice, Name, lattice_kind

if TYPE_CHECKING:
    import numpy as np

    from labrun_mechanical_network.layout import Layout
    from labrun_spring_networks.network import Network

Count = Annotated[int, Field(ge=1, le=300)]
Pixels = Annotated[int, Field(ge=16, le=4096)]
Ratio = Annotated[float, Field(gt=0, lt=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Distance = Annotated[float, Field(ge=0, le=10)]
Angle = Annotated[float, Field(ge=-360, le=360)]
Ink = Annotated[float, Field(gt=0, le=32)]
Margin = Annotated[float, Field(ge=0, le=64)]
Radii = Annotated[float, Field(ge=2, le=200)]
Level = Annotated[float, Field(ge=0, le=200)]

RANGES = ("ratio", "distortion", "missing_sites", "missing_bonds", "rotation", "dot_radius", "line_width")
"""Fields that are a number, or a range that each member draws from; so is `cells`"""
LOOKS = ("margin", "scale", "dot_level", "line_level")
"""More of them, drawn last, so that networks do not depend on them"""
SITES = 36
"""Approximate number of sites if `cells` is not given"""


class Drawn(NamedTuple):
    """The numbers that one member has drawn from its ranges: the fields of the same names."""

    columns: int
    rows: int
    ratio: float
    distortion: float
    missing_sites: float
    missing_bonds: float
    rotation: float
    dot_radius: float
    line_width: float
    margin: float = 0.0
    scale: float | None = None
    dot_level: float = 0.0
    line_level: float = 0.0


class MechanicalNetwork(Simulator):
    """Networks of sites and bonds, distorted lattices, and two pictures of each: its sites alone, and with the bonds.

    A lattice is data: the two vectors a₁, a₂ of a cell, the positions b_s of its sites, and bonds [s, t, i, j] from site s of a cell to
    site t of the cell i columns and j rows further. Site s of the cell in column m and row n is at

        m a₁ + n a₂ + 2r b_s + δ,        δ ~ U(−distortion, distortion) along x and along y, or N(0, distortion²)

    in spacings: all bonds of the lattices that come with labrun have the length 1 (`triangular_next` also joins next-nearest neighbours,
    at √3). r: `ratio`. At ½ the lattice is regular; otherwise spacings are 2r within a cell and 2(1 − r) between cells, so that the
    triangles of Kagome differ in size and the spacings of the square lattice alternate. A project can define its own lattice:

        lattice: {cell: [[1, 0], [0, 1]], basis: [[0, 0]], bonds: [[0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 1, 1]]}

    Then ⌊missing_sites × sites⌋ sites are removed, with their bonds, and ⌊missing_bonds × bonds⌋ of the remaining bonds, drawn without
    replacement. With free boundaries, bonds that leave the block are left out, and rows of oblique cells begin some cells back, so that
    the block is upright. A periodic block is spanned by a₁ and a₂, and bonds that leave it come in on the opposite side: bond (s, t) with
    the offset (i, j) goes from sites[s] to sites[t] + i box[0] + j box[1].

    **Pictures** are dark on white, y up, with the network in the middle and as large as fits within the margin, or smaller: with `scale`,
    a spacing is so many radii of dots. A bond that leaves a periodic box is drawn from either of its sites, half of the way to the other.
    `margin`, `dot_radius` and `line_width` are given for pictures of 256 pixels, and scale with the shorter side. To test a trained network
    on pictures from elsewhere, let Matplotlib draw them, and save those of the sites as JPEG (`jpeg_quality`); the picture with the bonds
    is never saved as one.

    A field that may be a range, [low, high], is drawn for each member, uniformly: one row of a sweep with `repeats` makes a training set
    of networks that all differ. A network that is to recognise pictures by other programs learns from varied ones, such as

        with: {lattice: kagome, cells: [[2, 4], [2, 4]], margin: [8, 56], scale: [8, 20], dot_level: [0, 90]}

    After A. Saremi's networks (github.com/adriensaremi/Springboard, Capstone_2), in whose pictures we measured, with distortion 0.2:

        kagome        ratio 0.414    cells [3, 3]    dot_radius 3.4     line_width 0.9
        square        ratio 0.403    cells [3, 3]    dot_radius 3.05    line_width 0.9
        triangular                   cells [5, 6]    dot_radius 1.87    line_width 0.55 to 1

    Draws from the member's generator: a number for each field that may be a range, be it one or not (so that members of one seed differ
    only by their fields), then displacements, sites and bonds, then the margin, the scale and the grey levels.
    """

    name: ClassVar[str] = "mechanical_network"
    version: ClassVar[int] = 1
    outputs: ClassVar[Mapping[str, str]] = {
        "sites": "(n, 2) float64: x to the right, y up [spacings]",
        "bonds": "(m, 2) int64: the two sites of each bond, from 0 on",
        "offsets": "(m, 2) int8: boxes along box[0] and box[1] from the first site to the second; 0 inside, and if free",
        "box": "(2, 2) float64: rows are the two vectors of the block of cells [spacings]",
        "periodic": "() bool: whether the network continues beyond its box",
        "pixels": "(n, 2) float32: column and row of each site in the pictures; whole numbers are the middles of pixels [pixels]",
        "dots": "(height, width) uint8: the sites alone, grey levels, 255 is white",
        "drawing": "(height, width) uint8: sites and bonds",
    }

    lattice: Annotated[Annotated[Name, Tag("name")] | Annotated[Lattice, Tag("table")], Discriminator(lattice_kind)] = (
        Field(description="name of a lattice, or a new one: cell, basis and bonds")
    )
    cells: Count | tuple[Count | tuple[Count, Count], Count | tuple[Count, Count]] | None = Field(
        None,
        description="cells along each side, or [columns, rows], each a number or a range: [[3, 5], [3, 5]]; default: as many as make "
        f"about {SITES} sites",
    )
    ratio: Ratio | tuple[Ratio, Ratio] = Field(
        0.5, description="r, the sites of a cell are scaled together by the factor 2r; ½: regular; a number or a range"
    )
    distortion: Distance | tuple[Distance, Distance] = Field(
        0.2,
        description="half width (uniform) or standard deviation (gaussian) of a site's displacement along x and along y "
        "[spacings]; a number or a range",
    )
    distortion_kind: Literal["uniform", "gaussian"] = Field("uniform", description="how displacements are distributed")
    missing_sites: Share | tuple[Share, Share] = Field(
        0.0, description="fraction of the sites that are removed, with their bonds; a number or a range"
    )
    missing_bonds: Share | tuple[Share, Share] = Field(
        0.0, description="fraction of the remaining bonds that are removed; a number or a range"
    )
    rotation: Angle | tuple[Angle, Angle] = Field(
        0.0, description="anticlockwise rotation of the network [degrees]; a number or a range"
    )
    boundary: Literal["free", "periodic"] = Field("free", description="what becomes of bonds that leave the block")
    size: Pixels | tuple[Pixels, Pixels] = Field(128, description="side of the pictures, or [height, width] [pixels]")
    margin: Margin | tuple[Margin, Margin] = Field(
        8.0, description="between the outermost ink and the edge [pixels of a picture of 256]; a number or a range"
    )
    scale: Radii | tuple[Radii, Radii] | None = Field(
        None,
        description="a spacing, the length of a bond, if it fits [radii of dots]; a number or a range; default: as large as fits",
    )
    dot_radius: Ink | tuple[Ink, Ink] = Field(
        (1.8, 3.6), description="radius of the dots [pixels of a picture of 256]; a number or a range"
    )
    line_width: Ink | tuple[Ink, Ink] = Field(
        (0.6, 1.2), description="width of the lines [pixels of a picture of 256]; a number or a range"
    )
    dot_level: Level | tuple[Level, Level] = Field(
        0.0, description="level of the dots, 0 is black and 255 white [grey levels]; a number or a range"
    )
    line_level: Level | tuple[Level, Level] = Field(
        0.0, description="level of the lines [grey levels]; a number or a range"
    )
    renderer: Literal["coverage", "matplotlib"] = Field(
        "coverage", description="program that draws: the simulator itself, or Matplotlib (ten times slower)"
    )
    jpeg_quality: int | None = Field(
        None, ge=1, le=95, description="quality at which `dots` is saved as JPEG and read again; default: it is not"
    )

    @model_validator(mode="after")
    def _check_ranges(self) -> Self:
        ranges = {field: getattr(self, field) for field in (*RANGES, *LOOKS)}
        if isinstance(self.cells, tuple):
            ranges |= {f"cells[{place}]": side for place, side in enumerate(self.cells)}
        for field, value in ranges.items():
            if isinstance(value, tuple) and value[0] > value[1]:
                low, high = value
                raise ValueError(f"{field}=[{low:g}, {high:g}] is not a range: expected the lower end first")
        return self

    @property
    def table(self) -> Lattice:
        """The lattice itself, as a table"""
        return self.lattice if isinstance(self.lattice, Lattice) else LATTICES[self.lattice]

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the pictures [pixels]"""
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    @property
    def _sides(self) -> tuple[int | tuple[int, int], int | tuple[int, int]]:
        """Columns and rows, or their ranges [cells]"""
        if isinstance(self.cells, tuple):
            return self.cells
        side = self.cells or max(1, round(math.sqrt(SITES / len(self.table.basis))))
        return side, side

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Return a network and its pictures (see `outputs`)."""
        import numpy as np

        from labrun_mechanical_network.layout import lay_out

        network, drawn = self.network(rng)
        dots, drawing = self._pictures(layout := lay_out(network, self.shape, drawn))
        assert network.offsets is not None  # make_block sets both
        assert network.box is not None
        return {
            "sites": network.sites,
            "bonds": network.bonds,
            "offsets": network.offsets,
            "box": network.box,
            "periodic": np.array(network.periodic),
            "pixels": layout.places.astype(np.float32),
            "dots": dots,
            "drawing": drawing,
        }

    def network(self, rng: np.random.Generator) -> tuple[Network, Drawn]:
        """Make the distorted, diluted and rotated block of cells, and draw the numbers for it and its pictures."""
        from dataclasses import replace

        from labrun_mechanical_network.block import make_block, rotated, without_bonds, without_sites

        drawn = self._draw(rng)
        network = make_block(self.table, drawn.ratio, drawn.columns, drawn.rows, self.boundary == "periodic")
        shape = network.sites.shape
        unit = rng.uniform(-1, 1, shape) if self.distortion_kind == "uniform" else rng.standard_normal(shape)
        network = replace(network, sites=network.sites + drawn.distortion * unit)
        network = without_sites(network, _some(len(network.sites), drawn.missing_sites, rng))
        network = without_bonds(network, _some(len(network.bonds), drawn.missing_bonds, rng))
        return rotated(network, drawn.rotation), drawn._replace(**self._draw_look(rng))

    def watch(self, rng: np.random.Generator, pictures: int) -> Iterator[View]:
        """Yield drawings of networks."""
        for _ in range(pictures):
            arrays = self.simulate(rng)
            caption = f"{len(arrays['sites'])} sites, {len(arrays['bonds'])} bonds"
            yield View(arrays["drawing"], caption, low=0, high=255, colormap="gray")

    def _draw(self, rng: np.random.Generator) -> Drawn:
        """Draw the number of cells, and a number from each range."""
        columns, rows = (math.floor(rng.uniform(low, high + 1)) for low, high in map(_ends, self._sides))
        return Drawn(columns, rows, *(rng.uniform(*_ends(getattr(self, field))) for field in RANGES))

    def _draw_look(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw margin, scale and grey levels; a scale that is not given draws a number too, and stays None."""
        fields = {field: getattr(self, field) for field in LOOKS}
        drawn = {field: rng.uniform(*_ends(value or 0.0)) for field, value in fields.items()}
        return {field: None if fields[field] is None else value for field, value in drawn.items()}

    def _pictures(self, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
        """Draw the sites alone, and sites and bonds."""
        if self.renderer == "matplotlib":
            from labrun_mechanical_network.matplotlib_rendering import render
        else:
            from labrun_mechanical_network.rendering import render
        dots, drawing = render(layout)
        if self.jpeg_quality is not None:
            from labrun_mechanical_network.jpeg import through_jpeg

            dots = through_jpeg(dots, self.jpeg_quality)
        return dots, drawing


def _ends(value: float | tuple[float, float]) -> tuple[float, float]:
    return value if isinstance(value, tuple) else (value, value)


def _some(count: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Draw ⌊share × count⌋ of the numbers below `count`, where 0.29 × 100 is 29. All of them are shuffled, whatever the share."""
    return rng.permutation(count)[: math.floor(round(share * count, 6))]


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    """Offer the simulator."""
    return [MechanicalNetwork]

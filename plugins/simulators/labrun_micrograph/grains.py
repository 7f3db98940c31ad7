"""Voronoi grains and voids on a periodic plane, and the picture that a microscope takes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

BRIGHTNESS, BOUNDARY, VOID = 150.0, 60.0, 25.0
"""Grey levels: of grains on average, in the middle of a boundary, in a void."""
NEIGHBOURS = 8
"""So many points next to a pixel are looked at for the nearest boundary."""
PIXELS_AT_ONCE = 2**16
"""The plane is worked on in bands of rows, so that memory holds little beside the picture."""


@dataclass(frozen=True)
class Microstructure:
    """Where grains and voids lie on a periodic plane of `shape` pixels; a pixel is the point (row, column) of its indices."""

    shape: tuple[int, int]
    points: NDArray[np.float64]
    """(grains, 2): row and column from which each grain has grown"""
    levels: NDArray[np.float64]
    """(grains,): brightness of each grain [grey levels]"""
    voids: NDArray[np.float64]
    """(voids, 2): row and column of the middle of each void"""
    radii: NDArray[np.float64]
    """(voids,): radius of each void [pixels]"""

    @classmethod
    def random(
        cls,
        shape: tuple[int, int],
        grains: int,
        contrast: float,
        voids: int,
        void_radius: float,
        rng: np.random.Generator,
    ) -> Microstructure:
        """Draw points, brightness, middles and radii, in this order."""
        points = rng.random((grains, 2)) * shape
        levels = rng.normal(BRIGHTNESS, contrast, grains)
        middles = rng.random((voids, 2)) * shape
        return cls(shape, points, levels, middles, void_radius * rng.uniform(0.5, 1.5, voids))

    def picture(
        self, boundary_width: float, noise: float, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        """The picture, (height, width), and the number of each pixel's grain from 1 on, 0 in a void."""
        image, grains = np.empty(self.shape, np.uint8), np.empty(self.shape, np.int32)
        for rows in self._bands():
            grain, edge = self._grains_at(rows)
            filled = self._solid_at(rows)
            level = BOUNDARY + (self.levels[grain] - BOUNDARY) * -np.expm1(-2 * (edge / boundary_width) ** 2)
            level = VOID + (level - VOID) * filled
            image[rows] = np.rint(level + noise * rng.standard_normal(level.shape)).clip(0, 255)
            grains[rows] = np.where(filled < 0.5, 0, grain + 1)
        return image, grains

    def distances(self) -> NDArray[np.float64]:
        """How far each pixel lies from the nearest point, (height, width) [pixels]."""
        return np.concatenate([self._tree.query(self._places(rows))[0] for rows in self._bands()])

    def _bands(self) -> Iterator[slice]:
        height, width = self.shape
        step = max(1, PIXELS_AT_ONCE // width)
        return (slice(first, min(first + step, height)) for first in range(0, height, step))

    def _places(self, rows: slice) -> NDArray[np.float64]:
        """(rows, width, 2): row and column of each pixel of a band."""
        mesh = np.meshgrid(np.arange(rows.start, rows.stop), np.arange(self.shape[1]), indexing="ij")
        return np.stack(mesh, axis=-1).astype(np.float64)

    @cached_property
    def _tree(self) -> KDTree:
        return KDTree(self.points % self.shape, boxsize=self.shape)  # a product may round up to the side itself

    def _grains_at(self, rows: slice) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The nearest point of each pixel of a band, and the distance to the nearest boundary between it and another.

        With vectors a and b from the pixel to both, the boundary halves a − b, and lies (|b|² − |a|²) / 2 |a − b| away. The second
        nearest point does not do: where two points lie close together, the boundary with a third may be nearer.
        """
        places = self._places(rows)
        distance, nearest = self._tree.query(places, k=range(1, 1 + min(NEIGHBOURS, len(self.points))))
        a = self._wrapped(self.points[nearest[..., 0]] - places)
        edge = np.full(places.shape[:2], np.inf)
        for rank in range(1, nearest.shape[-1]):
            b = self._wrapped(self.points[nearest[..., rank]] - places)
            apart = np.maximum(np.linalg.norm(a - b, axis=-1), np.finfo(float).tiny)  # two points may be one
            np.minimum(edge, (distance[..., rank] ** 2 - distance[..., 0] ** 2) / (2 * apart), out=edge)
        return nearest[..., 0], edge

    def _wrapped(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """The shortest of the vectors that differ by the sides of the plane."""
        sides = np.array(self.shape, np.float64)
        return vectors - sides * np.rint(vectors / sides)

    def _solid_at(self, rows: slice) -> NDArray[np.float64]:
        """1 where there is material, 0 in a void, (rows, width), and between them over one pixel."""
        solid = np.ones((rows.stop - rows.start, self.shape[1]))
        row, column = np.arange(rows.start, rows.stop), np.arange(self.shape[1])
        for middle, radius in zip(self.voids, self.radii, strict=True):
            down, across = (
                np.abs((places - at + side / 2) % side - side / 2)
                for places, at, side in zip((row, column), middle, self.shape, strict=True)
            )
            near = np.ix_(down < radius + 1, across < radius + 1)
            outside = np.hypot(down[down < radius + 1, None], across[across < radius + 1]) - radius
            solid[near] = np.minimum(solid[near], (outside + 0.5).clip(0, 1))
        return solid

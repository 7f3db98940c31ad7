"""Voronoi grains and voids on a periodic plane, and their picture under a microscope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

BRIGHTNESS, BOUNDARY, VOID = 150.0, 60.0, 25.0
"""Grey levels of grains on average, in the middle of a boundary, and in a void"""
NEIGHBOURS = 8
"""Number of points around a pixel among which the nearest boundary is searched"""
PIXELS_AT_ONCE = 2**16
"""Size of the bands of rows that are processed one by one, so that memory holds little besides the picture"""


@dataclass(frozen=True)
class Microstructure:
    """Positions of grains and voids on a periodic plane of `shape` pixels; a pixel is the point (row, column) of its indices."""

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
        """Draw the picture, (height, width), and number each pixel's grain from 1 on, 0 in a void."""
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
        """Return the distance of each pixel from the nearest point, (height, width) [pixels]."""
        return np.concatenate([self._tree.query(self._places(rows))[0] for rows in self._bands()])

    def _bands(self) -> Iterator[slice]:
        height, width = self.shape
        step = max(1, PIXELS_AT_ONCE // width)
        return (slice(first, min(first + step, height)) for first in range(0, height, step))

    def _places(self, rows: slice) -> NDArray[np.float64]:
        """Return row and column of each pixel of a band, (rows, width, 2)."""
        mesh = np.meshgrid(np.arange(rows.start, rows.stop), np.arange(self.shape[1]), indexing="ij")
        return np.stack(mesh, axis=-1).astype(np.float64)

    @cached_property
    def _tree(self) -> KDTree:
        return KDTree(self.points % self.shape, boxsize=self.shape)  # rounding may yield the side itself

    def _grains_at(self, rows: slice) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Find the nearest point of each pixel of a band, and the distance to the nearest boundary between it and another.

        With vectors a and b from the pixel to both, the boundary bisects a − b and is (|b|² − |a|²) / 2 |a − b| away. The second nearest
        point is not enough: where two points are close together, the boundary with a third may be nearer.
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
        """Return the shortest of the vectors that differ by sides of the plane."""
        sides = np.array(self.shape, np.float64)
        return vectors - sides * np.rint(vectors / sides)

    def _solid_at(self, rows: slice) -> NDArray[np.float64]:
        """Return 1 in material and 0 in a void, (rows, width), with edges smoothed over one pixel."""
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

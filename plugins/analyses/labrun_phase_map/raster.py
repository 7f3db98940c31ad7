"""Find the cell of a phase map at each place of the plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

FILLED = 0.2
"""Smallest share of the grid of its values that a sweep must fill to count as a grid"""
SPARSE = 2
"""Largest number of equidistant places per value; sparser values are not placed on an equidistant axis"""
RESOLUTION = 200
NEAR = 1.75
"""Largest distance of a point that counts as near, in units of the 90th percentile of nearest-neighbour distances. For random points
this is 1.5 / sqrt(n), just above the radius of the largest gap among a thousand points, sqrt(ln n / (π n))."""


@dataclass(frozen=True)
class Raster:
    """Rectangles of the plane: `cell[row, column]` lies between `y_edges[row]` and `y_edges[row + 1]`, and likewise in x."""

    x_edges: np.ndarray
    """(columns + 1,) ascending."""
    y_edges: np.ndarray
    """(rows + 1,) ascending."""
    cell: np.ndarray
    """(rows, columns) int32, index of the cell, or -1 if there is none."""

    @property
    def x_range(self) -> tuple[float, float]:
        return float(self.x_edges[0]), float(self.x_edges[-1])

    @property
    def y_range(self) -> tuple[float, float]:
        return float(self.y_edges[0]), float(self.y_edges[-1])


def make_raster(x: np.ndarray, y: np.ndarray) -> Raster:
    """Arrange distinct points (cells,) as a grid if they fill one, else let each place show the nearest point."""
    x_values, y_values = np.unique(x), np.unique(y)
    if _is_grid(len(x), len(x_values), len(y_values)):
        return _grid(x, y, x_values, y_values)
    return _nearest(x, y)


def nearest_raster(x: np.ndarray, y: np.ndarray, x_range: tuple[float, float], y_range: tuple[float, float]) -> Raster:
    """Let each place of a rectangle show the nearest point, however far it is, in units of the rectangle."""
    low, span = np.array([x_range[0], y_range[0]]), np.array([np.ptp(x_range) or 1.0, np.ptp(y_range) or 1.0])
    edges = np.linspace(0, 1, RESOLUTION + 1)
    centres = (edges[1:] + edges[:-1]) / 2
    tree = cKDTree((np.stack([x, y], axis=1) - low) / span)
    cell = tree.query(np.stack(np.meshgrid(centres, centres), axis=-1))[1].astype(np.int32)
    return Raster(low[0] + edges * span[0], low[1] + edges * span[1], cell)


def whole_raster(x: np.ndarray, y: np.ndarray) -> Raster:
    """Let each place between the outermost points show the nearest one: gaps that a sweep has left on purpose are where
    nothing changes."""
    return nearest_raster(x, y, (x.min(), x.max()), (y.min(), y.max()))


def _is_grid(points: int, columns: int, rows: int) -> bool:
    return min(columns, rows) == 1 or (points > max(columns, rows) and points >= FILLED * columns * rows)


def _grid(x: np.ndarray, y: np.ndarray, x_values: np.ndarray, y_values: np.ndarray) -> Raster:
    x_edges, columns = _axis(x_values)
    y_edges, rows = _axis(y_values)
    cell = np.full((len(y_edges) - 1, len(x_edges) - 1), -1, np.int32)
    cell[rows[np.searchsorted(y_values, y)], columns[np.searchsorted(x_values, x)]] = np.arange(len(x))
    return Raster(x_edges, y_edges, cell)


def _axis(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges of the rectangles along one axis, and the index of each value's rectangle.

    Equidistant values, with or without gaps, get rectangles of equal width, so gaps stay blank; others are separated halfway.
    """
    if len(values) == 1:
        half = abs(values[0]) / 2 or 0.5
        return np.array([values[0] - half, values[0] + half]), np.zeros(1, np.int64)
    steps = np.diff(values) / np.diff(values).min()
    places = np.concatenate([[0], np.cumsum(np.round(steps))]).astype(np.int64)
    if np.abs(steps - np.round(steps)).max() < 1e-3 and places[-1] < SPARSE * len(values):
        half = (values[-1] - values[0]) / places[-1] / 2
        return np.linspace(values[0] - half, values[-1] + half, places[-1] + 2), places
    between = (values[1:] + values[:-1]) / 2
    edges = [values[0] * 2 - between[0], *between, values[-1] * 2 - between[-1]]
    return np.array(edges), np.arange(len(values))


def _nearest(x: np.ndarray, y: np.ndarray) -> Raster:
    """Let each place show the nearest point, in units of the range of each axis, if it is near enough."""
    points = np.stack([(x - x.min()) / np.ptp(x), (y - y.min()) / np.ptp(y)], axis=1)
    tree = cKDTree(points)
    near = NEAR * float(np.quantile(tree.query(points, k=2)[0][:, 1], 0.9))
    margin = min(near, 0.5) / 2
    edges = np.linspace(-margin, 1 + margin, RESOLUTION + 1)
    centres = (edges[1:] + edges[:-1]) / 2
    distance, cell = tree.query(np.stack(np.meshgrid(centres, centres), axis=-1))
    cell = np.where(distance <= near, cell, -1).astype(np.int32)
    return Raster(x.min() + edges * np.ptp(x), y.min() + edges * np.ptp(y), cell)

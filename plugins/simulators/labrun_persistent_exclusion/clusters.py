"""Clusters on a periodic plane, and what is observed in a snapshot of the persistent exclusion process.

A cluster is a set of occupied sites that are joined over edges, across the borders of the plane too. With the sizes s of all
clusters, n = Σ s particles:

    mean cluster size     ⟨s⟩_w = Σ s² / Σ s      the mean over particles of the size of their cluster
    blocked fraction      of the particles, those that point at an occupied site
    single fraction       of the particles, those that are clusters of one
    winding               whether the largest cluster closes on itself around the plane: percolation

Labels are made in two passes over the plane, by a union-find in which every label points at a smaller one. So the number of a
cluster follows from its first site, in the order in which one reads: as a flood fill that starts there would number it.
"""
# numba has no types: its decorators are Any to mypy
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

DOWN, ACROSS = 1, 2
"""The bits of `winding`."""


class Observables(NamedTuple):
    """What is observed in one snapshot; all of it is 0 where there is no particle."""

    mean_cluster_size: float
    """⟨s⟩_w, weighted by size [sites]"""
    largest_cluster: int
    """Size of the largest cluster [sites]"""
    clusters: int
    """Number of clusters"""
    blocked_fraction: float
    """Fraction of the particles that point at an occupied site"""
    single_fraction: float
    """Fraction of the particles that are clusters of one"""
    winding: int
    """Of the largest cluster (of the first of several): 0 does not wind, 1 down the rows, 2 across the columns, 3 both"""


def label_clusters(occupied: NDArray[Any]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the label of each site, (height, width), and the size of each cluster, (clusters,) [sites].

    Labels count from 1, in the order of the clusters' first sites; 0 is empty. `occupied` is (height, width), not 0 where there is
    a particle: a snapshot will do.
    """
    return _label(_as_plane(occupied != 0))


def observe(snapshot: NDArray[Any]) -> Observables:
    """Return the observables of one snapshot, (height, width): 0 is empty, 1 up, 2 right, 3 down, 4 left.

    Raises:
        ValueError: the snapshot is no plane, or holds other numbers.
    """
    if snapshot.size and not (snapshot.min() >= 0 and snapshot.max() <= 4):
        raise ValueError(f"a snapshot holds 0 to 4, this one {snapshot.min()} to {snapshot.max()}")
    return Observables(*_observe(_as_plane(snapshot)))


def _as_plane(sites: NDArray[Any]) -> NDArray[np.uint8]:
    if sites.ndim != 2 or sites.size == 0:
        raise ValueError(f"expected a plane of (height, width) sites, received an array of shape {sites.shape}")
    return np.ascontiguousarray(sites, np.uint8)


# --- kernels ----------------------------------------------------------------------------------------------------------------


@njit
def _join(parent: Any, a: Any, b: Any) -> Any:
    """Let two labels have one root, the smaller; return it."""
    while parent[a] != a:
        parent[a] = parent[parent[a]]
        a = parent[a]
    while parent[b] != b:
        parent[b] = parent[parent[b]]
        b = parent[b]
    if a < b:
        parent[b] = a
        return a
    parent[a] = b
    return b


@njit(nogil=True, cache=True, boundscheck=False)
def _label(plane: NDArray[np.uint8]) -> Any:
    height, width = plane.shape
    labels = np.empty((height, width), np.int32)
    parent = np.empty(height * width // 2 + 2, np.int32)  # of two sites side by side, at most one begins a label
    parent[0] = 0
    count = 0
    for row in range(height):
        left = 0
        for column in range(width):
            label = 0
            if plane[row, column]:
                above = labels[row - 1, column] if row > 0 else 0
                if left and above:
                    label = left if left == above else _join(parent, left, above)
                elif left or above:
                    label = left | above
                else:
                    count += 1
                    parent[count] = count
                    label = count
            labels[row, column] = label
            left = label
    for row in range(height):
        if labels[row, 0] and labels[row, width - 1]:
            _join(parent, labels[row, 0], labels[row, width - 1])
    for column in range(width):
        if labels[0, column] and labels[height - 1, column]:
            _join(parent, labels[0, column], labels[height - 1, column])

    clusters = 0  # a root comes before all that point at it, so its number is known when theirs is asked for
    for label in range(1, count + 1):
        if parent[label] == label:
            clusters += 1
            parent[label] = clusters
        else:
            parent[label] = parent[parent[label]]
    sizes = np.zeros(clusters + 1, np.int32)
    for row in range(height):
        for column in range(width):
            label = parent[labels[row, column]]
            labels[row, column] = label
            sizes[label] += 1
    return labels, sizes[1:]


@njit(nogil=True, cache=True, boundscheck=False)
def _winding(labels: NDArray[np.int32], label: int, size: int) -> int:
    """Walk over one cluster and keep how far each site was found from the first, without wrapping.

    A site that is met again at another distance was reached around the plane.
    """
    height, width = labels.shape
    down, across = np.empty((height, width), np.int32), np.empty((height, width), np.int32)
    seen = np.zeros((height, width), np.bool_)
    waiting = np.empty((size, 2), np.int32)
    winding, length = 0, 0
    for row in range(height):
        for column in range(width):
            if length == 0 and labels[row, column] == label:
                waiting[0, 0], waiting[0, 1] = row, column
                seen[row, column] = True
                down[row, column], across[row, column] = 0, 0
                length = 1
    while length > 0:
        length -= 1
        row, column = waiting[length, 0], waiting[length, 1]
        for by_row, by_column in ((-1, 0), (0, 1), (1, 0), (0, -1)):
            next_row, next_column = (row + by_row) % height, (column + by_column) % width
            if labels[next_row, next_column] != label:
                continue
            far_down, far_across = down[row, column] + by_row, across[row, column] + by_column
            if not seen[next_row, next_column]:
                seen[next_row, next_column] = True
                down[next_row, next_column], across[next_row, next_column] = far_down, far_across
                waiting[length, 0], waiting[length, 1] = next_row, next_column
                length += 1
            else:
                if far_down != down[next_row, next_column]:
                    winding |= DOWN
                if far_across != across[next_row, next_column]:
                    winding |= ACROSS
    return winding


@njit(nogil=True, cache=True, boundscheck=False)
def _blocked(plane: NDArray[np.uint8]) -> int:
    """Count the particles that point at an occupied site."""
    height, width = plane.shape
    blocked = 0
    for row in range(height):
        above, below = (row - 1) % height, (row + 1) % height
        for column in range(width):
            right, left = (column + 1) % width, (column - 1) % width
            site = plane[row, column]
            blocked += (
                (site == 1 and plane[above, column] != 0)
                or (site == 2 and plane[row, right] != 0)
                or (site == 3 and plane[below, column] != 0)
                or (site == 4 and plane[row, left] != 0)
            )
    return blocked


@njit(nogil=True, cache=True, boundscheck=False)
def _observe(plane: NDArray[np.uint8]) -> Any:
    labels, sizes = _label(plane)
    particles, squares, largest, label, singles = 0, 0, 0, 0, 0
    for k in range(sizes.size):
        size = sizes[k]
        particles += size
        squares += np.int64(size) * size
        singles += size == 1
        if size > largest:
            largest, label = size, k + 1
    if particles == 0:
        return 0.0, 0, 0, 0.0, 0.0, 0
    height, width = plane.shape
    winding = _winding(labels, label, largest) if largest >= min(height, width) else 0
    return squares / particles, largest, sizes.size, _blocked(plane) / particles, singles / particles, winding

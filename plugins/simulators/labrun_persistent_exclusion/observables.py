"""Observables of a snapshot of the persistent exclusion process: its clusters and the fraction of blocked particles."""
# numba has no types: its decorators are Any to mypy
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from labrun_lattices.clusters import as_plane, measure_clusters


class Observables(NamedTuple):
    """Observables of one snapshot; all are 0 if there is no particle."""

    mean_cluster_size: float
    """⟨s⟩_w = Σ s² / Σ s over the sizes s of all clusters [sites]"""
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


def observe(snapshot: NDArray[Any]) -> Observables:
    """Return the observables of one snapshot, (height, width): 0 is empty, 1 up, 2 right, 3 down, 4 left.

    Raises:
        ValueError: the snapshot is not a plane, or holds other numbers.
    """
    if snapshot.size and not (snapshot.min() >= 0 and snapshot.max() <= 4):
        raise ValueError(f"a snapshot holds 0 to 4, this one {snapshot.min()} to {snapshot.max()}")
    plane = as_plane(snapshot.astype(np.uint8, copy=False))
    clusters = measure_clusters(plane)
    blocked = _count_blocked(plane) / max(1, np.count_nonzero(plane))
    return Observables(
        clusters.mean_size, clusters.largest, clusters.number, blocked, clusters.single_fraction, clusters.winding
    )


@njit(boundscheck=False)
def _is_blocked(site: Any, above: Any, right: Any, below: Any, left: Any) -> Any:
    """Check whether `site` holds a particle that points at an occupied one."""
    return (
        ((site == 1) & (above != 0))
        | ((site == 2) & (right != 0))
        | ((site == 3) & (below != 0))
        | ((site == 4) & (left != 0))
    )


@njit(nogil=True, cache=True, boundscheck=False)
def _count_blocked(plane: NDArray[np.uint8]) -> int:
    """Count the particles that point at an occupied site."""
    height, width = plane.shape
    last, count = width - 1, 0
    for row in range(height):
        here, above, below = plane[row], plane[row - 1], plane[row + 1 if row + 1 < height else 0]
        for i in range(1, last):
            count += _is_blocked(here[i], above[i], here[i + 1], below[i], here[i - 1])
        count += _is_blocked(here[0], above[0], here[min(1, last)], below[0], here[last])
        if last > 0:
            count += _is_blocked(here[last], above[last], here[0], below[last], here[last - 1])
    return count

"""Count clusters of many snapshots by size, in bins whose width grows like the size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labrun_lattices.clusters import cluster_sizes

__all__ = ["ClusterCount", "count_clusters", "size_bins"]


@dataclass(frozen=True)
class ClusterCount:
    """Clusters in the snapshots of one member; s are the sizes of all clusters of a snapshot, n = Σ s its particles."""

    counts: NDArray[np.int64]
    """(bins,) clusters in each bin, over all snapshots"""
    snapshots: int
    mean_size: float
    """Mean over the snapshots of ⟨s⟩_w = Σ s² / Σ s [sites]"""
    pooled_mean_size: float
    """Σ s² / Σ s with both sums over all snapshots [sites]; differs from `mean_size` if n varies between snapshots"""
    largest: int
    """Size of the largest cluster in any snapshot [sites]"""
    largest_fraction: float
    """Mean over the snapshots of largest / n"""
    single_fraction: float
    """Mean over the snapshots of the fraction of particles that have no neighbour"""

    @property
    def clusters(self) -> int:
        """Number of clusters, over all snapshots."""
        return int(self.counts.sum())


def size_bins(sites: int, per_decade: int) -> NDArray[np.int64]:
    """Return the bin edges, (bins + 1,): bin k holds the sizes edges[k] ≤ s < edges[k + 1], and the last bin holds `sites`.

    Edges are the distinct integers nearest to 10^(k / per_decade). So no bin is void of integers, and small sizes have their own bins:
    1, 2, 3, 4, 5, 6-7, 8-9, 10-12, … for ten bins per decade.
    """
    exponents = np.arange(per_decade * len(str(sites)) + 1) / per_decade
    edges = np.unique(np.rint(10**exponents).astype(np.int64))
    return edges[: np.searchsorted(edges, sites, side="right") + 1]


def count_clusters(planes: Iterable[np.ndarray], edges: NDArray[np.int64]) -> ClusterCount:
    """Count the clusters of one or more planes, (height, width) each. A plane without particles enters the means as 0."""
    counts = np.zeros(len(edges) - 1, np.int64)
    rows = []
    for plane in planes:
        sizes = cluster_sizes(plane).astype(np.int64)
        counts += np.bincount(np.searchsorted(edges, sizes, side="right") - 1, minlength=len(counts))
        rows.append((sizes.sum(), (sizes**2).sum(), sizes.max(initial=0), (sizes == 1).sum()))
    occupied, squares, largest, single = np.array(rows).T
    particles = np.maximum(occupied, 1)
    return ClusterCount(
        counts,
        len(rows),
        mean_size=float((squares / particles).mean()),
        pooled_mean_size=float(squares.sum() / max(1, occupied.sum())),
        largest=int(largest.max()),
        largest_fraction=float((largest / particles).mean()),
        single_fraction=float((single / particles).mean()),
    )

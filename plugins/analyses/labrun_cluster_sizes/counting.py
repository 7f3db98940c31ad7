"""Clusters of many snapshots, counted by their size in bins that grow like the size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labrun_lattices.clusters import cluster_sizes

__all__ = ["ClusterCount", "count_clusters", "size_bins"]


@dataclass(frozen=True)
class ClusterCount:
    """What the snapshots of one member tell, with the sizes s of all clusters of a snapshot, n = Σ s particles."""

    counts: NDArray[np.int64]
    """(bins,) clusters of all snapshots in each bin"""
    snapshots: int
    mean_size: float
    """Mean over the snapshots of ⟨s⟩_w = Σ s² / Σ s [sites]"""
    pooled_mean_size: float
    """Σ s² / Σ s with both sums over all snapshots [sites]: another number where n differs between snapshots"""
    largest: int
    """Size of the largest cluster of all snapshots [sites]"""
    largest_fraction: float
    """Mean over the snapshots of largest / n"""
    single_fraction: float
    """Mean over the snapshots of the fraction of particles that are clusters of one"""

    @property
    def clusters(self) -> int:
        """Clusters of all snapshots."""
        return int(self.counts.sum())


def size_bins(sites: int, per_decade: int) -> NDArray[np.int64]:
    """The edges of the bins, (bins + 1,): bin k holds the sizes edges[k] ≤ s < edges[k + 1], and the last holds `sites`.

    Edges are the whole numbers nearest to 10^(k / per_decade), each once. So every bin holds a whole number, and small sizes have a bin
    each: 1, 2, 3, 4, 5, 6-7, 8-9, 10-12, … with ten in a decade.
    """
    exponents = np.arange(per_decade * len(str(sites)) + 1) / per_decade
    edges = np.unique(np.rint(10**exponents).astype(np.int64))
    return edges[: np.searchsorted(edges, sites, side="right") + 1]


def count_clusters(planes: Iterable[np.ndarray], edges: NDArray[np.int64]) -> ClusterCount:
    """Count the clusters of planes, (height, width) each, of which there is at least one. A plane without particles counts as 0."""
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

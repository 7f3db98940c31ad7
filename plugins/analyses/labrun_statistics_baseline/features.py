"""Statistics of a snapshot: its clusters, its neighbourhoods, and who looks at whom."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from labrun_lattices.clusters import cluster_sizes

OCTAVES = 10
"""Classes of cluster sizes: 1, 2 to 3, 4 to 7, …, and all from 2⁹ on"""
REACH = 4
"""Largest distance at which correlations are measured [sites]"""
STEPS = ((-1, 0), (0, 1), (1, 0), (0, -1))
"""Steps (row, column) ahead of the orientations up, right, down, left"""


def places(snapshots: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return statistics of the positions of particles, (n, features), dimensionless, for snapshots (n, height, width), not 0 at particles.

    They are: the density; log₂ of the mean and of the largest cluster size, and the number of clusters per particle; the share of particles
    in clusters of each octave of sizes; the shares of particles with 0 … 4 neighbours; and the pair correlation ⟨n n'⟩/ρ² along the axes,
    up to `REACH` sites, and along the diagonals.
    """
    occupied = snapshots != 0
    density = occupied.mean(axis=(1, 2))
    clusters = np.stack([_clusters(one) for one in occupied])
    neighbours = sum(np.roll(occupied, step, (1, 2)).astype(np.uint8) for step in STEPS)
    numbers = [_share(neighbours == count, occupied) for count in range(5)]
    pairs = [_pairs(occupied, (0, d)) / 2 + _pairs(occupied, (d, 0)) / 2 for d in range(1, REACH + 1)]
    pairs += [_pairs(occupied, (d, d)) / 2 + _pairs(occupied, (d, -d)) / 2 for d in (1, 2)]
    correlation = np.stack(pairs, axis=1) / np.maximum(density, 1e-12)[:, None] ** 2
    return np.column_stack([density, clusters, *numbers, correlation])


def orientations(snapshots: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return statistics of orientations, (n, features), for snapshots (n, height, width): 0 empty, 1 up, 2 right, 3 down, 4 left.

    They are the shares of particles with another particle ahead, to the right, behind and to the left at 1 … `REACH` sites, and, for
    those at 1 and 2 sites, the shares of others that look the same way, to the right of it, the opposite way, and to the left of it.
    """
    occupied = snapshots != 0
    particles = np.maximum(np.count_nonzero(occupied, axis=(1, 2)), 1)
    columns = []
    for side in range(4):
        for distance in range(1, REACH + 1):
            turns = range(4) if distance <= 2 else ()
            there, looks = np.zeros(len(snapshots)), np.zeros((4, len(snapshots)))
            for orientation in range(4):
                down, right = STEPS[(orientation + side) % 4]
                other = np.roll(snapshots, (-down * distance, -right * distance), (1, 2))
                here = snapshots == orientation + 1
                there += np.count_nonzero(here & (other != 0), axis=(1, 2))
                for turn in turns:
                    looks[turn] += np.count_nonzero(here & (other == (orientation + turn) % 4 + 1), axis=(1, 2))
            columns += [there / particles, *(looks[turn] / particles for turn in turns)]
    return np.column_stack(columns)


def _clusters(occupied: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return log₂ ⟨s⟩_w, log₂ of the largest size, clusters per particle, and the share of particles in each octave of sizes."""
    sizes = cluster_sizes(occupied).astype(np.float64)
    particles = max(sizes.sum(), 1.0)
    octave = np.minimum(np.log2(np.maximum(sizes, 1)).astype(int), OCTAVES - 1)
    shares = np.bincount(octave, weights=sizes, minlength=OCTAVES) / particles
    mean, largest = (sizes**2).sum() / particles, sizes.max(initial=1.0)
    return np.array([np.log2(max(mean, 1.0)), np.log2(largest), len(sizes) / particles, *shares])


def _share(where: NDArray[np.bool_], occupied: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the share of particles at which `where` is true."""
    return np.count_nonzero(where & occupied, axis=(1, 2)) / np.maximum(np.count_nonzero(occupied, axis=(1, 2)), 1)


def _pairs(occupied: NDArray[np.bool_], step: tuple[int, int]) -> NDArray[np.float64]:
    """Return the share of sites that are occupied and have an occupied site one step further."""
    return (occupied & np.roll(occupied, step, (1, 2))).mean(axis=(1, 2))

"""Kernels of the Ising model in Numba: arrays and numbers, without checks or configuration.

Spins are stored in one dimension, with a table of the neighbours of each, so only `lattice` knows the kind of lattice. Random
numbers come from the member's NumPy generator, which Numba supports directly.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["flip_clusters", "sum_bonds", "sweep"]


@njit(nogil=True, cache=True)
def sweep(
    spins: NDArray[np.int8],
    neighbours: NDArray[np.int32],
    acceptance: NDArray[np.float64],
    rng: np.random.Generator,
    sweeps: int,
) -> None:
    """Visit all sites in order, `sweeps` times, and flip each spin s with probability min(1, exp(−ΔE/T)).

    Args:
        spins: (sites,), ±1; changed in place.
        neighbours: (sites, z), the neighbours of each site.
        acceptance: (2z + 1,), this probability for s Σ s' = −z … z, with the sum over the neighbours.
        rng: generator of random numbers.
        sweeps: number of sweeps.
    """
    z = neighbours.shape[1]
    for _ in range(sweeps):
        for site in range(spins.size):
            total = 0
            for other in neighbours[site]:
                total += spins[other]
            aligned = spins[site] * total
            if aligned <= 0 or rng.random() < acceptance[aligned + z]:
                spins[site] = -spins[site]


@njit(nogil=True, cache=True)
def flip_clusters(
    spins: NDArray[np.int8],
    neighbours: NDArray[np.int32],
    growth: float,
    rng: np.random.Generator,
    stack: NDArray[np.int32],
    clusters: int,
) -> int:
    """Flip `clusters` clusters, one after the other, and return their total number of sites.

    Args:
        spins: (sites,), ±1; changed in place.
        neighbours: (sites, z), the neighbours of each site.
        growth: 1 − exp(−2/T), the probability that an equal neighbour joins the cluster.
        rng: generator of random numbers.
        stack: (sites,), memory for sites whose neighbours have not been visited.
        clusters: number of clusters.
    """
    flipped = 0
    for _ in range(clusters):
        seed = rng.integers(0, spins.size)
        spin = spins[seed]
        spins[seed] = -spin
        stack[0] = seed
        waiting = 1
        while waiting:
            waiting -= 1
            flipped += 1
            for other in neighbours[stack[waiting]]:
                if spins[other] == spin and rng.random() < growth:
                    spins[other] = -spin
                    stack[waiting] = other
                    waiting += 1
    return flipped


@njit(nogil=True, cache=True)
def sum_bonds(spins: NDArray[np.int8], neighbours: NDArray[np.int32]) -> int:
    """Return Σ s_i s_j over all pairs of neighbours."""
    twice = 0
    for site in range(spins.size):
        for other in neighbours[site]:
            twice += spins[site] * spins[other]
    return twice // 2

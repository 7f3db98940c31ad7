"""The Ising model in Numba: arrays and numbers in, no checks, no configuration.

Spins lie in a row, and a table names the neighbours of each: what lattice it is stands in `lattice` alone. Random numbers
come from the member's own NumPy generator, which Numba takes as it is.
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
    """Visit every site `sweeps` times, in their order, and flip its spin s with probability min(1, exp(−ΔE/T)).

    Args:
        spins: (sites,), ±1; changed in place.
        neighbours: (sites, z), the sites around each.
        acceptance: (2z + 1,), that probability for s Σ s' = −z … z, the sum over the neighbours.
        rng: where random numbers come from.
        sweeps: how often.
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
    """Flip `clusters` clusters, one after the other, and return how many sites they had in all.

    Args:
        spins: (sites,), ±1; changed in place.
        neighbours: (sites, z), the sites around each.
        growth: 1 − exp(−2/T), the probability that an equal neighbour joins.
        rng: where random numbers come from.
        stack: (sites,), room for those whose neighbours have not been asked yet.
        clusters: how many.
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

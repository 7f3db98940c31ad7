"""Spins on a square lattice: the layer between the configuration and the kernels."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from labrun_ising.kernel import flip_clusters, sum_bonds, sweep

__all__ = ["Lattice", "square_neighbours"]


def square_neighbours(height: int, width: int) -> NDArray[np.int32]:
    """Return the sites above, below, left and right of each site of a periodic plane, numbered row by row: (height × width, 4)."""
    sites = np.arange(height * width, dtype=np.int32).reshape(height, width)
    around = [np.roll(sites, shift, axis) for axis in (0, 1) for shift in (1, -1)]
    return np.stack(around, axis=-1).reshape(-1, 4)


class Lattice:
    """`spins` (height, width) int8, ±1, at a temperature T [J/k_B]; all random numbers come from `rng`."""

    def __init__(
        self,
        shape: tuple[int, int],
        temperature: float,
        algorithm: Literal["metropolis", "wolff"],
        start: Literal["cold", "hot"],
        rng: np.random.Generator,
    ) -> None:
        either = np.array([1] if start == "cold" else [-1, 1], np.int8)
        self.spins: NDArray[np.int8] = rng.choice(either, shape)
        self.clusters = 1
        """Number of clusters in a sweep."""
        self._row = self.spins.reshape(-1)  # a view of the same spins
        self._neighbours = square_neighbours(*shape)
        self._metropolis = algorithm == "metropolis"
        self._rng = rng
        self._acceptance = np.exp(-2 * np.maximum(np.arange(-4, 5), 0) / temperature)  # ΔE = 2 s Σ s'
        self._growth = -math.expm1(-2 / temperature)
        self._stack = np.empty(self.spins.size, np.int32)

    @property
    def magnetisation(self) -> float:
        """Return m = Σ s / N."""
        return float(self.spins.mean())

    @property
    def energy(self) -> float:
        """Return E / N [J]."""
        return float(-sum_bonds(self._row, self._neighbours) / self.spins.size)

    def equilibrate(self, sweeps: int) -> None:
        """Make `sweeps` sweeps. For clusters, flip this many times N sites, and derive the number of clusters in a sweep."""
        if self._metropolis:
            self.advance(sweeps)
            return
        wanted, flipped, clusters = sweeps * self.spins.size, 0, 0
        while flipped < wanted:
            flipped += self._flip(1)
            clusters += 1
        if clusters:
            self.clusters = math.ceil(self.spins.size * clusters / flipped)

    def advance(self, sweeps: int) -> None:
        """Make `sweeps` sweeps."""
        if self._metropolis:
            sweep(self._row, self._neighbours, self._acceptance, self._rng, sweeps)
        else:
            self._flip(sweeps * self.clusters)

    def _flip(self, clusters: int) -> int:
        """Flip clusters, and return their total number of sites."""
        return int(flip_clusters(self._row, self._neighbours, self._growth, self._rng, self._stack, clusters))

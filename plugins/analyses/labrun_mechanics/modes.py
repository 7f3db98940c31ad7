"""Zero modes, states of self stress and frequencies of a spring network.

A zero mode u extends no spring, C u = 0; a state of self stress is a set of balanced tensions, Cᵀ t = 0. With the rank r of C there are
N_0 = 2N - r and N_s = N_b - r of them, so N_0 - N_s = 2N - N_b (Calladine 1978): Maxwell's count gives only their difference.
With springs of stiffness k and sites of mass m, the singular values of C are the frequencies ω of the normal modes in units of √(k/m).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, svd

from labrun_mechanics.compatibility import compatibility_matrix, rigid_motions
from labrun_spring_networks.network import Network

__all__ = ["Modes", "normal_modes"]

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Modes:
    """All normal modes of a network."""

    frequencies: Reals
    """(2 sites,) ω, ascending, exactly 0 for zero modes [√(k/m)]"""
    displacements: Reals
    """(2 sites, 2 sites), one mode per column: rigid motions, mechanisms (smoothest first), then by frequency"""
    rank: int
    rigid: int
    """Rigid motions: 2 of a periodic network, 3 of a free one"""
    bonds: int

    @property
    def zero_modes(self) -> int:
        """N_0, including rigid motions."""
        return len(self.frequencies) - self.rank

    @property
    def mechanisms(self) -> int:
        """Zero modes except rigid motions."""
        return self.zero_modes - self.rigid

    @property
    def self_stresses(self) -> int:
        """N_s."""
        return self.bonds - self.rank

    @property
    def maxwell_count(self) -> int:
        """2N - N_b."""
        return len(self.frequencies) - self.bonds

    def softest(self, count: int) -> tuple[Reals, Reals]:
        """Return frequencies, (modes,), and displacements, (modes, sites, 2), of the softest modes except rigid motions."""
        chosen = slice(self.rigid, self.rigid + count)
        displacements = self.displacements[:, chosen].T
        return self.frequencies[chosen], displacements.reshape(len(displacements), len(self.frequencies) // 2, 2)


def normal_modes(network: Network, tolerance: float) -> Modes:
    """Return the modes of a network; singular values below `tolerance` times the largest count as 0.

    Raises:
        ValueError: a bond has zero length.
    """
    matrix = compatibility_matrix(network)
    bonds, degrees = matrix.shape
    rigid = rigid_motions(network.sites, network.periodic)
    if bonds:
        _, values, rows = svd(matrix.toarray(), full_matrices=bonds < degrees)
    else:
        values, rows = np.zeros(0), np.eye(degrees)
    rank = int(np.sum(values > tolerance * values.max(initial=0.0)))
    mechanisms = _smoothest_first(_without(rows[rank:].T, rigid), network.bonds)
    return Modes(
        frequencies=np.concatenate([np.zeros(degrees - rank), values[:rank][::-1]]),
        displacements=np.hstack([rigid, mechanisms, rows[:rank][::-1].T]),
        rank=rank,
        rigid=rigid.shape[1],
        bonds=bonds,
    )


def _without(modes: Reals, rigid: Reals) -> Reals:
    """Return an orthonormal basis of the complement of the `rigid` motions in the space of `modes`, which contains them."""
    left, _, _ = svd(modes - rigid @ (rigid.T @ modes), full_matrices=False)
    return left[:, : modes.shape[1] - rigid.shape[1]]


def _smoothest_first(modes: Reals, bonds: NDArray[np.int64]) -> Reals:
    """Order modes of equal frequency, whose mixtures are modes too, by growing Σ |u_j - u_i|² over the bonds."""
    degrees, count = modes.shape
    if not count:
        return modes
    moves = modes.reshape(degrees // 2, 2 * count)
    differences = (moves[bonds[:, 1]] - moves[bonds[:, 0]]).reshape(-1, count)
    return modes @ eigh(differences.T @ differences)[1]

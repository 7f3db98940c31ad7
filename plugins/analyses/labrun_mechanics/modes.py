"""Zero modes, states of self stress and frequencies of a network of springs.

A zero mode u moves no spring, C u = 0; a state of self stress is a set of tensions in balance, Cᵀ t = 0. With the rank r of C there are
N_0 = 2N - r and N_s = N_b - r of them, so that N_0 - N_s = 2N - N_b (Calladine 1978): Maxwell's count alone does not tell them apart.
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
    """(2 sites, 2 sites), a mode a column: rigid motions, mechanisms (the smoothest first), then as the frequencies grow"""
    rank: int
    rigid: int
    """Motions that every network has: 2 of a periodic one, 3 of a free one"""
    bonds: int

    @property
    def zero_modes(self) -> int:
        """N_0, rigid motions among them."""
        return len(self.frequencies) - self.rank

    @property
    def mechanisms(self) -> int:
        """Zero modes that are no rigid motion of the whole."""
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
        """The frequencies, (modes,), and displacements, (modes, sites, 2), of the softest modes but for rigid motions."""
        chosen = slice(self.rigid, self.rigid + count)
        displacements = self.displacements[:, chosen].T
        return self.frequencies[chosen], displacements.reshape(len(displacements), len(self.frequencies) // 2, 2)


def normal_modes(network: Network, tolerance: float) -> Modes:
    """Return the modes of a network; singular values below `tolerance` times the greatest are 0.

    Raises:
        ValueError: a bond has no length.
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
    """An orthonormal basis of what is left of the space of `modes` without the `rigid` ones, which it holds."""
    left, _, _ = svd(modes - rigid @ (rigid.T @ modes), full_matrices=False)
    return left[:, : modes.shape[1] - rigid.shape[1]]


def _smoothest_first(modes: Reals, bonds: NDArray[np.int64]) -> Reals:
    """Of modes that cost nothing any mixture does as well: these are told apart by Σ |u_j - u_i|² over the bonds, which grows."""
    degrees, count = modes.shape
    if not count:
        return modes
    moves = modes.reshape(degrees // 2, 2 * count)
    differences = (moves[bonds[:, 1]] - moves[bonds[:, 0]]).reshape(-1, count)
    return modes @ eigh(differences.T @ differences)[1]

"""Sites of a network, and the pairs of them that may be bonds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay, QhullError
from scipy.spatial.distance import cdist

from labrun import Ensemble

__all__ = ["REACH", "Places", "read_places"]

REACH = 3.0
"""The longest pair [spacings]"""


class Places:
    """Sites and candidate pairs of one network, in spacings (the median distance between nearest neighbours).

    Bonds over a boundary are left out.
    """

    def __init__(self, sites: NDArray[np.float64], bonds: NDArray[np.int64]) -> None:
        distances = cdist(sites, sites)
        np.fill_diagonal(distances, np.inf)
        spacing = np.median(distances.min(axis=1))
        self.sites = sites / spacing
        self.distances = distances / spacing
        """(n, n), infinite from a site to itself"""
        self.pairs = np.argwhere(np.triu(self.distances <= REACH))
        """(m, 2), the smaller site first"""
        self.lengths = self.distances[tuple(self.pairs.T)]
        bonded = np.zeros(distances.shape, bool)
        bonded[tuple(np.sort(bonds, axis=1).T)] = True
        self.is_bond = bonded[tuple(self.pairs.T)]
        self.bonds = int(bonded.sum())

    @cached_property
    def in_delaunay(self) -> NDArray[np.bool_]:
        """Whether each pair is an edge of the Delaunay triangulation, (m,); sites on one line have none."""
        edges = np.zeros(self.distances.shape, bool)
        try:
            triangles = np.sort(Delaunay(self.sites).simplices, axis=1) if len(self.sites) > 2 else ()
        except QhullError:
            triangles = ()
        for triangle in triangles:
            for first, second in ((0, 1), (0, 2), (1, 2)):
                edges[triangle[first], triangle[second]] = True
        return edges[tuple(self.pairs.T)]

    @cached_property
    def emptiness(self) -> NDArray[np.float64]:
        """How near a third site comes to each pair, (m, 2): from 1 on, the pair is in the Gabriel and the relative neighbourhood graph.

        The first column is min_k √(d_ik² + d_jk²) / d_ij: below 1, a site lies within the circle whose diameter is the pair. The second is
        min_k max(d_ik, d_jk) / d_ij: below 1, a site is nearer to both than they are to each other.
        """
        to_first, to_second = (self.distances[own] for own in self.pairs.T)
        circle = np.sqrt(to_first**2 + to_second**2).min(axis=1, initial=np.inf)
        lune = np.maximum(to_first, to_second).min(axis=1, initial=np.inf)
        return np.stack([circle, lune], axis=1) / self.lengths[:, None]


def read_places(simulation: Ensemble, count: int | None = None) -> Iterator[Places]:
    """Yield the sites of each member, or of the first `count` members.

    Raises:
        KeyError: the simulation has no sites or bonds.
        ValueError: a network has fewer than two sites, most of its sites coincide, or a position is not finite.
    """
    for i in range(len(simulation))[:count]:
        sites = simulation.read(i, "sites")
        if not np.isfinite(sites).all():
            raise ValueError(
                f"'sites' of member {simulation.numbers[i]} of '{simulation.name}' holds NaN or infinity: a site has no position"
            )
        if len(sites) < 2:
            raise ValueError(
                f"the member {simulation.numbers[i]} of '{simulation.name}' has {len(sites)} sites; at least two are needed"
            )
        inside = ~np.any(simulation.read(i, "offsets"), axis=1)
        if 2 * len(np.unique(sites, axis=0)) <= len(sites):
            raise ValueError(
                f"most sites of member {simulation.numbers[i]} of '{simulation.name}' coincide with others, so the spacing is unknown"
            )
        yield Places(sites, simulation.read(i, "bonds")[inside])

"""What tells bonds from the places of sites alone: each method gives every pair a score."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from labrun_geometric_baselines.places import Places

__all__ = ["GEOMETRIC", "Method", "learned", "pair_features"]

NEIGHBOURS = 6


class Method(NamedTuple):
    """A way to score the pairs of a network: the higher, the more like a bond."""

    name: str
    score: Callable[[Places], NDArray[np.float64]]
    told: Callable[[float], float]
    """The threshold of the score, in the method's own words"""


def _by_length(places: Places) -> NDArray[np.float64]:
    return -places.lengths


def _delaunay(places: Places) -> NDArray[np.float64]:
    return np.where(places.in_delaunay, -places.lengths, -np.inf)


def _gabriel(places: Places) -> NDArray[np.float64]:
    return (places.emptiness[:, 0] >= 1).astype(float)


def _relative(places: Places) -> NDArray[np.float64]:
    return (places.emptiness[:, 1] >= 1).astype(float)


GEOMETRIC = (
    Method("distance", _by_length, lambda score: -score),
    Method("Delaunay, filtered by length", _delaunay, lambda score: -score),
    Method("Gabriel graph", _gabriel, lambda _: np.nan),
    Method("relative neighbours", _relative, lambda _: np.nan),
)


def learned(train: list[Places], seed: int) -> Method:
    """Gradient boosting on what is known of a pair, `pair_features`, taught on these networks."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    classifier = HistGradientBoostingClassifier(max_iter=100, early_stopping=False, random_state=seed)
    with threadpool_limits(1):  # more threads than free cores make it twenty times slower
        classifier.fit(
            np.concatenate([pair_features(one) for one in train]), np.concatenate([one.is_bond for one in train])
        )

    def probability(places: Places) -> NDArray[np.float64]:
        with threadpool_limits(1):
            return classifier.predict_proba(pair_features(places))[:, 1]

    return Method("gradient boosting on pairs", probability, lambda score: score)


def pair_features(places: Places) -> NDArray[np.float64]:
    """What is known of each pair, (m, features), the same whichever site comes first [spacings].

    Length; whether it is an edge of Delaunay's; both of `emptiness`; of either site the rank of the other among its neighbours, the
    distances of the nearest six and the smallest angle to a nearer neighbour (lesser and greater of both sites); the medians over the
    network of the distances of the nearest six, which tell its lattice.
    """
    near = np.sort(_padded(np.sort(places.distances, axis=1)), axis=1)
    rank = np.argsort(np.argsort(places.distances, axis=1), axis=1)
    first, second = places.pairs.T
    ranks = np.stack([rank[first, second], rank[second, first]], axis=1)[..., None]
    angles = np.stack([_smallest_angles(places, first, second), _smallest_angles(places, second, first)], axis=1)
    of_sites = np.concatenate([ranks, near[places.pairs], angles[..., None]], axis=2)
    of_network = np.tile(np.median(near, axis=0), (len(first), 1))
    own = np.column_stack([places.lengths, places.in_delaunay, places.emptiness])
    return np.hstack([own, of_sites.min(axis=1), of_sites.max(axis=1), of_network])


def _padded(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """The six shortest of each row; where there are fewer sites, a distance that none has."""
    known = np.where(np.isfinite(distances), distances, 99.0)[:, :NEIGHBOURS]
    return np.pad(known, ((0, 0), (0, NEIGHBOURS - known.shape[1])), constant_values=99.0)


def _smallest_angles(places: Places, at: NDArray[np.int64], to: NDArray[np.int64]) -> NDArray[np.float64]:
    """Between each pair and the directions of the sites that are nearer to `at` than `to` is, (m,) [rad]; π where there is none."""
    vectors = places.sites[None] - places.sites[at][:, None]
    own = places.sites[to] - places.sites[at]
    turned = (
        np.einsum("mnk,mk->mn", vectors, own),
        vectors[..., 0] * own[:, None, 1] - vectors[..., 1] * own[:, None, 0],
    )
    angles = np.abs(np.arctan2(turned[1], turned[0]))
    nearer = places.distances[at] < places.distances[at, to][:, None]
    return np.where(nearer, angles, np.pi).min(axis=1)

"""Methods that find bonds from the positions of sites alone: each scores every pair of sites."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from labrun.kit.methods import Method
from labrun_geometric_baselines.places import Places

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

__all__ = ["GEOMETRIC", "PairScore", "learned", "pair_features"]

NEIGHBOURS = 6


def _same(score: float) -> float:
    return score


def _length(score: float) -> float:
    return -score


def _nothing(score: float) -> float:
    return np.nan


@dataclass(frozen=True)
class PairScore(Method[Places, NDArray[np.float64]]):
    """A score for each pair of sites, (pairs,): the higher, the more likely a bond."""

    own_threshold: Callable[[float], float] = _same
    """Converts a threshold of the score to the method's own quantity: a length, a probability, or none (NaN)"""


def _by_length(places: Places) -> NDArray[np.float64]:
    return -places.lengths


def _delaunay(places: Places) -> NDArray[np.float64]:
    return np.where(places.in_delaunay, -places.lengths, -np.inf)


def _gabriel(places: Places) -> NDArray[np.float64]:
    return (places.emptiness[:, 0] >= 1).astype(float)


def _relative(places: Places) -> NDArray[np.float64]:
    return (places.emptiness[:, 1] >= 1).astype(float)


GEOMETRIC = (
    PairScore("distance", _by_length, own_threshold=_length),
    PairScore("Delaunay, filtered by length", _delaunay, own_threshold=_length),
    PairScore("Gabriel graph", _gabriel, own_threshold=_nothing),
    PairScore("relative neighbours", _relative, own_threshold=_nothing),
)


def learned(train: list[Places], seed: int) -> PairScore:
    """Train gradient boosting on `pair_features` of these networks."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    classifier = HistGradientBoostingClassifier(max_iter=100, early_stopping=False, random_state=seed)
    with threadpool_limits(1):  # more threads than free cores make it twenty times slower
        classifier.fit(
            np.concatenate([pair_features(one) for one in train]), np.concatenate([one.is_bond for one in train])
        )
    return PairScore("gradient boosting on pairs", partial(_probability, classifier))


def _probability(classifier: HistGradientBoostingClassifier, places: Places) -> NDArray[np.float64]:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return classifier.predict_proba(pair_features(places))[:, 1]


def pair_features(places: Places) -> NDArray[np.float64]:
    """Return features of each pair, (m, features), that do not depend on the order of its sites [spacings].

    They are: the length; whether the pair is an edge of the Delaunay triangulation; both columns of `emptiness`; for either site the rank
    of the other among its neighbours, the distances of the nearest six and the smallest angle to a nearer neighbour (the smaller and the
    larger value of both sites); and the medians over the network of the distances of the nearest six, which identify its lattice.
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
    """Return the six shortest distances of each row, padded with 99 where there are fewer sites."""
    known = np.where(np.isfinite(distances), distances, 99.0)[:, :NEIGHBOURS]
    return np.pad(known, ((0, 0), (0, NEIGHBOURS - known.shape[1])), constant_values=99.0)


def _smallest_angles(places: Places, at: NDArray[np.int64], to: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the smallest angle between each pair and the sites that are nearer to `at` than `to` is, (m,) [rad]; π where there is none."""
    vectors = places.sites[None] - places.sites[at][:, None]
    own = places.sites[to] - places.sites[at]
    turned = (
        np.einsum("mnk,mk->mn", vectors, own),
        vectors[..., 0] * own[:, None, 1] - vectors[..., 1] * own[:, None, 0],
    )
    angles = np.abs(np.arctan2(turned[1], turned[0]))
    nearer = places.distances[at] < places.distances[at, to][:, None]
    return np.where(nearer, angles, np.pi).min(axis=1)

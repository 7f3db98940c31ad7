"""Statistics of snapshots on planes that one can count by hand, and what turning a plane must not change."""

from __future__ import annotations

import numpy as np
import pytest

from labrun_persistent_exclusion.observables import observe
from labrun_statistics_baseline.features import OCTAVES, REACH, orientations, places


@pytest.fixture
def crowd(rng):
    """Six oblong snapshots of different densities."""
    occupied = rng.random((6, 12, 20)) < np.linspace(0.05, 0.6, 6)[:, None, None]
    return (rng.integers(1, 5, occupied.shape) * occupied).astype(np.uint8)


def test_places_are_those_that_are_counted_by_hand():
    plane = np.zeros((1, 8, 10), np.uint8)
    plane[0, 2, 3:6] = 1  # three in a row
    plane[0, 7, 0] = 1  # one alone
    density, mean, largest, clusters, *rest = places(plane)[0]
    assert density == 4 / 80
    assert 2**mean == pytest.approx((9 + 1) / 4)
    assert 2**largest == pytest.approx(3)
    assert clusters == 2 / 4
    octaves, neighbours, pairs = np.split(rest, [OCTAVES, OCTAVES + 5])
    np.testing.assert_allclose(octaves[:3], [1 / 4, 3 / 4, 0])
    np.testing.assert_allclose(neighbours, [1 / 4, 2 / 4, 1 / 4, 0, 0])
    np.testing.assert_allclose(pairs[:REACH], np.array([2, 1, 0, 0]) / 2 / 80 / density**2)


def test_a_full_plane_and_an_empty_one_are_finite():
    full, empty = np.ones((1, 5, 7), np.uint8), np.zeros((1, 5, 7), np.uint8)
    assert np.isfinite(places(empty)).all()
    assert np.isfinite(orientations(empty)).all()
    np.testing.assert_allclose(places(full)[0, -REACH - 2 :], 1)


def test_who_has_a_particle_ahead_is_blocked(crowd):
    ahead = orientations(crowd)[:, 0]
    np.testing.assert_allclose(ahead, [observe(one).blocked_fraction for one in crowd])


def test_who_looks_at_whom():
    """▶ ◀ face each other; ▲ stands behind ▶."""
    plane = np.zeros((1, 6, 9), np.uint8)
    plane[0, 3, 3:6] = [1, 2, 4]
    sides = np.split(
        orientations(plane)[0], 4
    )  # ahead, right, behind, left: 5 numbers at 1 and 2 sites, 1 at those beyond
    any_one, same, right, back, left = sides[0][:5] * 3
    assert (any_one, same, right, back, left) == (2, 0, 0, 2, 0)  # both of the facing pair see one that looks back
    assert (sides[2][:5] * 3).tolist() == [1, 0, 0, 0, 1]  # behind ▶ stands ▲, turned to its left
    assert (sides[1][:5] * 3).tolist() == [1, 0, 1, 0, 0]  # on the right of ▲ stands ▶, turned to its right
    assert (sides[1][5:10] * 3).tolist() == [1, 0, 0, 0, 1]  # two sites to the right of ▲ stands ◀


def test_turned_rolled_and_mirrored_planes_have_the_same_statistics(crowd):
    turned = np.rot90(crowd, -1, (1, 2))  # clockwise: up becomes right
    turned = np.where(turned > 0, turned % 4 + 1, 0).astype(np.uint8)
    rolled = np.roll(crowd, (5, 7), (1, 2))
    for other in (turned, rolled):
        np.testing.assert_allclose(places(other), places(crowd), atol=1e-12)
        np.testing.assert_allclose(orientations(other), orientations(crowd), atol=1e-12)
    np.testing.assert_allclose(places(crowd[:, ::-1]), places(crowd), atol=1e-12)

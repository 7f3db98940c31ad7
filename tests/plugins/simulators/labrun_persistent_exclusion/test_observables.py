"""What is observed in a snapshot, on planes that one can count by hand. Clusters have tests of their own in the core."""

from __future__ import annotations

import numpy as np
import pytest

from labrun_persistent_exclusion.observables import Observables, observe


def plane(*rows):
    """A snapshot as it is drawn: . is empty, ^ > v < are particles."""
    return np.array([[".^>v<".index(sign) for sign in row] for row in rows], dtype=np.uint8)


def test_a_slice_of_a_larger_array_is_read_as_it_stands(rng):
    snapshots = rng.integers(0, 5, (9, 20, 4), dtype=np.uint8)
    assert observe(snapshots[:, :, 2]) == observe(snapshots[:, :, 2].copy())


def test_observables_counted_by_hand():
    snapshot = plane(
        ">....",
        ".^...",
        ".v<..",
        "...<.",
        "<....",
    )  # a pair around the top and the bottom, three in a corner, one alone
    clusters = [2, 3, 1]
    seen = observe(snapshot)
    assert seen.mean_cluster_size == pytest.approx(sum(s**2 for s in clusters) / 6)
    assert (seen.largest_cluster, seen.clusters, seen.winding) == (3, 3, 0)
    assert seen.blocked_fraction == pytest.approx(1 / 6)  # the < in the corner alone points at another
    assert seen.single_fraction == pytest.approx(1 / 6)


@pytest.mark.parametrize(
    ("rows", "blocked"),
    [
        (["^.", "..", "v."], 2),  # each around the edge at the other
        (["<.>"], 2),
        (["><."], 2),
        ([".^.", ".v.", "..."], 0),  # back to back
        (["v..", "^.."], 2),
    ],
)
def test_who_points_at_an_occupied_site_is_blocked(rows, blocked):
    snapshot = plane(*rows)
    assert observe(snapshot).blocked_fraction == pytest.approx(blocked / np.count_nonzero(snapshot))


def test_an_empty_plane_has_nothing():
    assert observe(np.zeros((4, 6), np.uint8)) == Observables(0.0, 0, 0, 0.0, 0.0, 0)


def test_numbers_of_any_type_are_snapshots():
    snapshot = plane(">>.", ".v.")
    assert observe(snapshot.astype(float)) == observe(snapshot.astype(np.int64)) == observe(snapshot)


def test_what_is_no_snapshot_is_refused():
    with pytest.raises(ValueError, match="a snapshot holds 0 to 4, this one 0 to 7"):
        observe(np.array([[0, 7]]))
    with pytest.raises(ValueError, match="a snapshot holds 0 to 4, this one -1 to 0"):
        observe(np.array([[0, -1]]))

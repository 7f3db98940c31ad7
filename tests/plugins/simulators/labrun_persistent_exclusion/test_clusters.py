"""Clusters and observables against a flood fill in plain Python and against planes that one can count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from labrun_persistent_exclusion.clusters import ACROSS, DOWN, Observables, label_clusters, observe


def flood_fill(occupied):
    """Labels from 1 on, in the order of the clusters' first sites, and sizes: one site after the other."""
    height, width = occupied.shape
    labels, sizes = np.zeros((height, width), int), []
    for start in np.argwhere(occupied):
        if labels[tuple(start)]:
            continue
        sizes.append(0)
        waiting = [tuple(start)]
        while waiting:
            row, column = waiting.pop()
            if not occupied[row, column] or labels[row, column]:
                continue
            labels[row, column] = len(sizes)
            sizes[-1] += 1
            waiting += [((row + d) % height, column) for d in (-1, 1)]
            waiting += [(row, (column + d) % width) for d in (-1, 1)]
    return labels, sizes


def walk_around(occupied, start):
    """The winding of the cluster at `start`: walk over it on the unwrapped plane until a site is met at a second place."""
    height, width = occupied.shape
    places, waiting, winding = {start: start}, [start], 0
    while waiting:
        row, column = waiting.pop()
        for place in [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]:
            site = place[0] % height, place[1] % width
            if not occupied[site]:
                continue
            if site not in places:
                places[site] = place
                waiting.append(place)
            winding |= (DOWN if place[0] != places[site][0] else 0) | (ACROSS if place[1] != places[site][1] else 0)
    return winding


def plane(*rows):
    """A snapshot as it is drawn: . is empty, ^ > v < are particles."""
    return np.array([[".^>v<".index(sign) for sign in row] for row in rows], dtype=np.uint8)


def test_labels_are_those_of_a_flood_fill_on_a_thousand_oblong_planes(rng):
    for _ in range(1000):
        height, width = rng.integers(1, 18), rng.integers(1, 30)
        occupied = rng.random((height, width)) < rng.random()
        labels, sizes = label_clusters(occupied)
        expected, expected_sizes = flood_fill(occupied)
        np.testing.assert_array_equal(labels, expected)
        np.testing.assert_array_equal(sizes, expected_sizes)


@pytest.mark.parametrize("shape", [(128, 128), (61, 200)])
@pytest.mark.parametrize("density", [0.15, 0.5, 0.593, 0.8])
def test_labels_of_large_planes(shape, density, rng):
    occupied = rng.random(shape) < density
    labels, sizes = label_clusters(occupied)
    expected, expected_sizes = flood_fill(occupied)
    np.testing.assert_array_equal(labels, expected)
    assert sizes.tolist() == expected_sizes


def test_the_most_labels_that_a_plane_can_begin_with_fit():
    for shape in [(7, 9), (8, 8), (1, 5), (5, 1), (1, 1)]:
        chessboard = np.indices(shape).sum(axis=0) % 2 == 0
        labels, _ = label_clusters(chessboard)
        np.testing.assert_array_equal(labels, flood_fill(chessboard)[0])


def test_numbers_of_any_type_are_occupied_where_they_are_not_zero():
    for dtype in (bool, np.int64, np.float32):
        labels, sizes = label_clusters(np.array([[256, 0, 0.0, 1]]).astype(dtype))
        assert (labels.tolist(), sizes.tolist()) == ([[1, 0, 0, 1]], [2])


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
    assert label_clusters(snapshot)[1].tolist() == clusters
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


@pytest.mark.parametrize(
    ("rows", "winding"),
    [
        (["....", ">>>>", "...."], ACROSS),
        (["..>.", "..>.", "..>."], DOWN),
        (["..>.", ">>>>", "..>."], DOWN | ACROSS),
        (["....", ">>>.", "...."], 0),
        ([">>..", ".>>.", "..>>", ">..>"], DOWN | ACROSS),  # a staircase
        ([">>.>>", ">...>", ".....", ">...>"], 0),  # over both edges, and not around
        ([">>>>>>", ">....>", ">....>", ">>>>>>"][1:] + ["......"], ACROSS),
    ],
)
def test_winding_is_told_from_crossing_the_edge(rows, winding):
    assert observe(plane(*rows)).winding == winding


def test_winding_is_that_of_a_walk_on_the_unwrapped_plane(rng):
    seen = set()
    for _ in range(600):
        occupied = rng.random((rng.integers(1, 12), rng.integers(1, 15))) < rng.uniform(0.4, 0.7)
        if occupied.any():
            labels, sizes = label_clusters(occupied)
            start = tuple(np.argwhere(labels == sizes.argmax() + 1)[0].tolist())
            expected = walk_around(occupied, start)
            assert observe(occupied).winding == expected
            seen.add(expected)
    assert seen == {0, DOWN, ACROSS, DOWN | ACROSS}


def test_an_empty_plane_has_nothing():
    assert observe(np.zeros((4, 6), np.uint8)) == Observables(0.0, 0, 0, 0.0, 0.0, 0)


def test_what_is_no_snapshot_is_refused():
    with pytest.raises(ValueError, match="a snapshot holds 0 to 4, this one 0 to 7"):
        observe(np.array([[0, 7]]))
    with pytest.raises(ValueError, match="a snapshot holds 0 to 4, this one -1 to 0"):
        observe(np.array([[0, -1]]))
    with pytest.raises(
        ValueError, match=r"expected a plane of \(height, width\) sites, received an array of shape \(2, 3, 4\)"
    ):
        label_clusters(np.zeros((2, 3, 4)))

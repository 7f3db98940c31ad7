"""Clusters against a flood fill in plain Python, and against planes that one can count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from labrun_lattices.clusters import ACROSS, DOWN, Clusters, cluster_sizes, label_clusters, measure_clusters


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
    """What is occupied, as it is drawn."""
    return np.array([[sign != "." for sign in row] for row in rows])


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
    assert measure_clusters(plane(*rows)).winding == winding


def test_winding_is_that_of_a_walk_on_the_unwrapped_plane(rng):
    seen = set()
    for _ in range(600):
        occupied = rng.random((rng.integers(1, 12), rng.integers(1, 15))) < rng.uniform(0.4, 0.7)
        if occupied.any():
            labels, sizes = label_clusters(occupied)
            start = tuple(np.argwhere(labels == sizes.argmax() + 1)[0].tolist())
            expected = walk_around(occupied, start)
            assert measure_clusters(occupied).winding == expected
            seen.add(expected)
    assert seen == {0, DOWN, ACROSS, DOWN | ACROSS}


def test_what_clusters_tell_is_counted_by_hand():
    seen = measure_clusters(plane("x....", ".x...", ".xx..", "...x.", "x...."))
    assert cluster_sizes(plane("x....", ".x...", ".xx..", "...x.", "x....")).tolist() == [2, 3, 1]
    assert seen == Clusters(pytest.approx((4 + 9 + 1) / 6), 3, 3, pytest.approx(1 / 6), 0)


def test_an_empty_plane_has_nothing():
    assert measure_clusters(np.zeros((4, 6), np.uint8)) == Clusters(0.0, 0, 0, 0.0, 0)
    assert cluster_sizes(np.zeros((4, 6))).tolist() == []


def test_what_is_no_plane_is_refused():
    problem = r"expected a plane of \(height, width\) sites, received an array of shape \(2, 3, 4\)"
    for function in (label_clusters, cluster_sizes, measure_clusters):
        with pytest.raises(ValueError, match=problem):
            function(np.zeros((2, 3, 4)))

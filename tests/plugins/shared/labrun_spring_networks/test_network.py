from __future__ import annotations

import networkx
import numpy as np
import pytest

from labrun_spring_networks.network import Network


def chain(periodic=True):
    """Three sites on a ring of a box that is 3 wide and slants: the last bond crosses the boundary."""
    return Network(
        np.array([[0.0, 0.0], [1.0, 0.0], [2.5, 0.0]]),
        np.array([[0, 1], [1, 2], [2, 0]]),
        np.array([[0, 0], [0, 0], [1, 0]], np.int8),
        np.array([[3.0, 0.0], [1.0, 2.0]]),
        periodic,
    )


def test_a_bond_over_the_boundary_is_as_long_as_it_is():
    assert chain().lengths().tolist() == [1, 1.5, 0.5]
    assert chain(periodic=False).lengths().tolist() == [1, 1.5, 2.5]
    np.testing.assert_array_equal(chain().vectors().sum(axis=0), [3, 0])


def test_an_offset_counts_boxes_along_their_own_vectors():
    up = Network(np.zeros((1, 2)), np.array([[0, 0], [0, 0]]), np.array([[0, 1], [2, -1]]), chain().box, True)
    assert up.vectors().tolist() == [[1, 2], [5, -2]]
    assert up.coordination().tolist() == [4]


def test_coordination_counts_sites_without_bonds():
    network = Network(np.zeros((4, 2)), np.array([[0, 1], [0, 2]]))
    assert network.coordination().tolist() == [2, 1, 1, 0]
    assert Network(np.zeros((2, 2)), np.zeros((0, 2), np.int64)).coordination().tolist() == [0, 0]


def test_the_graph_holds_places_and_lengths():
    graph = chain(periodic=False).to_networkx()
    assert dict(graph.nodes(data=True)) == {i: {"x": x, "y": 0.0} for i, x in enumerate((0.0, 1.0, 2.5))}
    assert networkx.get_edge_attributes(graph, "length") == {(0, 1): 1, (1, 2): 1.5, (0, 2): 2.5}


def test_a_small_periodic_box_keeps_two_bonds_between_the_same_sites():
    pair = Network(
        np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[0, 1], [1, 0]]), np.array([[0, 0], [1, 0]]), 2 * np.eye(2), True
    )
    assert pair.to_networkx().number_of_edges() == 2
    assert pair.lengths() == pytest.approx([1, 1])

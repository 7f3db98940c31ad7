"""Lattices against their textbook geometry: who lies at the bond length from whom, and how many there are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from pydantic import ValidationError

from labrun_mechanical_network.block import make_block
from labrun_mechanical_network.lattices import LATTICES, Lattice

COLUMNS, ROWS = 4, 5
SITES_AND_BONDS = {  # in a cell
    "honeycomb": (2, 3),
    "kagome": (3, 6),
    "lieb": (3, 4),
    "snub_square": (4, 10),
    "square": (4, 8),
    "star": (6, 9),
    "triangular": (1, 3),
    "triangular_next": (1, 6),
}
AREA_OF_A_SITE = {  # from the tilings: squares of area 1, triangles √3/4, hexagons 3√3/2, dodecagons 6 + 3√3
    "honeycomb": 3 * np.sqrt(3) / 4,
    "kagome": 2 / np.sqrt(3),
    "lieb": 4 / 3,
    "snub_square": (2 + np.sqrt(3)) / 4,
    "square": 1,
    "star": (2 * np.sqrt(3) / 4 + 6 + 3 * np.sqrt(3)) / 6,
    "triangular": np.sqrt(3) / 2,
    "triangular_next": np.sqrt(3) / 2,
}


def block(name, periodic, ratio=0.5):
    return make_block(LATTICES[name], ratio, COLUMNS, ROWS, periodic)


def cross(vectors):
    (a, b), (c, d) = vectors
    return a * d - b * c


def test_the_two_tables_speak_of_all_lattices():
    assert set(SITES_AND_BONDS) == set(LATTICES)


@pytest.mark.parametrize("name", LATTICES)
def test_a_periodic_block_has_what_its_cells_have(name):
    network = block(name, periodic=True)
    sites, bonds = SITES_AND_BONDS[name]
    assert (len(network.sites), len(network.bonds)) == (sites * COLUMNS * ROWS, bonds * COLUMNS * ROWS)
    degrees = np.bincount(network.bonds.ravel(), minlength=len(network.sites))
    np.testing.assert_array_equal(degrees, np.tile(LATTICES[name].coordination, COLUMNS * ROWS))
    assert abs(cross(network.box)) == pytest.approx(AREA_OF_A_SITE[name] * len(network.sites))


@pytest.mark.parametrize("name", LATTICES)
def test_bonds_have_the_length_1_across_the_boundary_too(name):
    network = block(name, periodic=True)
    first, second = network.sites[network.bonds.T]
    lengths = np.linalg.norm(second + network.offsets @ network.box - first, axis=1)
    longer = lengths > 1.1
    np.testing.assert_allclose(lengths[~longer], 1)
    np.testing.assert_allclose(lengths[longer], np.sqrt(3))
    assert longer.mean() == (0.5 if name == "triangular_next" else 0)


@pytest.mark.parametrize("name", LATTICES)
def test_free_bonds_are_all_pairs_at_the_bond_length(name):
    network = block(name, periodic=False)
    lengths = (1, np.sqrt(3)) if name == "triangular_next" else (1,)
    expected = {
        (i, j)
        for i, j in itertools.combinations(range(len(network.sites)), 2)
        if np.isclose(np.linalg.norm(network.sites[i] - network.sites[j]), lengths).any()
    }
    assert {tuple(sorted(bond)) for bond in network.bonds.tolist()} == expected
    assert len(network.bonds) == len(expected)
    assert not network.offsets.any()


@pytest.mark.parametrize("name", LATTICES)
def test_a_free_block_stands_upright(name):
    width, height = np.ptp(block(name, periodic=False).sites, axis=0)
    cell = np.array(LATTICES[name].cell)
    assert width < (COLUMNS + 0.5) * cell[0, 0]
    assert height < ROWS * cell[1, 1]


@pytest.mark.parametrize("name", LATTICES)
def test_cells_of_a_periodic_block_span_its_box(name):
    network, lattice = block(name, periodic=True), LATTICES[name]
    corners = network.sites[:: len(lattice.basis)] - lattice.basis[0]
    cells = corners @ np.linalg.inv(network.box) * [COLUMNS, ROWS]
    expected = [(column, row) for row in range(ROWS) for column in range(COLUMNS)]
    np.testing.assert_allclose(cells, expected, atol=1e-9)


@pytest.mark.parametrize("name", ["kagome", "square", "lieb"])
def test_spacings_of_a_breathing_lattice_alternate(name):
    network = block(name, periodic=True, ratio=0.414)
    lengths = network.lengths()
    np.testing.assert_allclose(np.unique(lengths.round(9)), [0.828, 1.172])
    assert lengths.mean() == pytest.approx(1)


def test_small_periodic_blocks_join_a_site_to_its_own_images():
    network = make_block(LATTICES["triangular_next"], 0.5, 1, 1, True)
    assert network.bonds.tolist() == [[0, 0]] * 6
    np.testing.assert_allclose(sorted(network.lengths()), [1] * 3 + [np.sqrt(3)] * 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cell": [[1, 0], [-2, 0]]}, r"the cell \[\[1.0, 0.0\], \[-2.0, 0.0\]\] has no area: expected two vectors"),
        (
            {"bonds": [[0, 2, 0, 0]]},
            r"bonds\[0\]=\[0, 2, 0, 0\] joins an unknown site: basis has 2, .* 0 to 1",
        ),
        ({"bonds": [[-1, 0, 0, 0]]}, "joins an unknown site"),
        ({"bonds": [[1, 1, 0, 0]]}, "joins a site to itself: name the cell of the other"),
        (
            {"bonds": [[0, 1, 1, 0], [1, 0, -1, 0]]},
            r"bonds\[1\]=\[1, 0, -1, 0\] is there twice: give each bond once",
        ),
        ({"bonds": [[0, 1, 1, 0], [0, 1, 1, 0]]}, "is there twice"),
        ({"bonds": []}, "expected at least one site in basis, and one bond in bonds"),
        ({"bonds": [[0, 1, 0]]}, "at least 4 items"),
        ({"name": "mine"}, "Extra inputs are not permitted"),
    ],
)
def test_what_is_no_lattice_is_refused(change, message):
    table = {"cell": [[1, 0], [0, 1]], "basis": [[0, 0], [0.5, 0.5]], "bonds": [[0, 1, 0, 0]]}
    assert Lattice(**table).coordination == (1, 1)
    with pytest.raises(ValidationError, match=message):
        Lattice(**(table | change))

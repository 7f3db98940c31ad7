"""Counts and moduli of lattices that are known exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.spatial import ConvexHull

from labrun_mechanics.compatibility import compatibility_matrix, rigid_motions
from labrun_mechanics.modes import normal_modes
from labrun_mechanics.moduli import elastic_moduli, rim_sites
from labrun_spring_networks.network import Network

TOLERANCE = 1e-8
H = math.sqrt(3) / 2
OBLIQUE = np.array([[1.0, 0.0], [0.5, H]])
LATTICES = {
    "square": (np.eye(2), [[0, 0]], [(0, 0, 1, 0), (0, 0, 0, 1)]),
    "triangular": (OBLIQUE, [[0, 0]], [(0, 0, 1, 0), (0, 0, 0, 1), (0, 0, -1, 1)]),
    "honeycomb": ([[1.5, H], [0, 2 * H]], [[0, 0], [1, 0]], [(0, 1, 0, 0), (1, 0, 1, 0), (1, 0, 1, -1)]),
    "kagome": (
        2 * OBLIQUE,
        [[0, 0], [1, 0], [0.5, H]],
        [(0, 1, 0, 0), (0, 2, 0, 0), (1, 2, 0, 0), (1, 0, 1, 0), (2, 0, 0, 1), (1, 2, 1, -1)],
    ),
}
"""Cell, basis, and bonds (site, site, cells to the right, cells up), all of length 1"""


def periodic(cell, basis, bonds, columns, rows):
    """A block of cells that goes on beyond its edge."""
    cell, basis = np.array(cell, float), np.array(basis, float)
    cells = [(i, j) for i in range(columns) for j in range(rows)]
    sites = np.concatenate([np.array(place) @ cell + basis for place in cells])
    pairs, offsets = [], []
    for i, j in cells:
        for first, second, right, up in bonds:
            across, along = divmod(i + right, columns), divmod(j + up, rows)
            place = (i * rows + j, across[1] * rows + along[1])
            pairs.append((place[0] * len(basis) + first, place[1] * len(basis) + second))
            offsets.append((across[0], along[0]))
    box = np.array([[columns], [rows]]) * cell
    return Network(sites, np.array(pairs), np.array(offsets), box, periodic=True)


def lattice(name, columns, rows):
    return periodic(*LATTICES[name], columns, rows)


def free(sites, bonds):
    return Network(np.array(sites, float), np.array(bonds, np.int64).reshape(-1, 2))


def moduli(network):
    """K, G and the softest G."""
    return list(vars(elastic_moduli(network, 0.5, TOLERANCE)).values())


def self_stresses(name, columns, rows):
    """Square and Kagome: a tension along each straight line of bonds, which closes on itself (N_s is the number of such lines). Honeycomb:
    three equal tensions are all that balance at a site. Triangular: what is rigid and can only be shifted has the rank 2N - 2."""
    return {
        "square": columns + rows,
        "kagome": columns + rows + math.gcd(columns, rows),
        "honeycomb": 1,
        "triangular": columns * rows + 2,
    }[name]


@pytest.mark.parametrize("size", [(2, 2), (3, 3), (5, 3), (4, 6)])
@pytest.mark.parametrize("name", LATTICES)
def test_counts_of_periodic_lattices(name, size):
    network = lattice(name, *size)
    modes = normal_modes(network, TOLERANCE)
    sites, bonds = len(network.sites), len(network.bonds)
    assert modes.self_stresses == self_stresses(name, *size)
    assert modes.zero_modes == 2 * sites - bonds + modes.self_stresses
    assert modes.maxwell_count == 2 * sites - bonds
    assert modes.rank == np.linalg.matrix_rank(compatibility_matrix(network).toarray())
    assert modes.mechanisms == modes.zero_modes - 2
    assert modes.frequencies.shape == (2 * sites,)


@pytest.mark.parametrize("size", [3, 4, 6])
def test_a_periodic_kagome_has_a_zero_mode_for_each_cell_of_its_rim(size):
    """3L of them, whether L is odd or even; the square lattice has 2L."""
    assert normal_modes(lattice("kagome", size, size), TOLERANCE).zero_modes == 3 * size
    assert normal_modes(lattice("square", size, size), TOLERANCE).zero_modes == 2 * size


@pytest.mark.parametrize("angle", [0.3, 1.2])
def test_a_lattice_that_is_turned_counts_the_same(angle):
    network = lattice("square", 5, 4)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    turned = Network(network.sites @ turn, network.bonds, network.offsets, network.box @ turn, periodic=True)
    assert normal_modes(turned, TOLERANCE).self_stresses == 9
    np.testing.assert_allclose(moduli(turned), [0.5, 0.25, 0], atol=1e-12)


TRIANGLE = [[0, 0], [1, 0], [0.4, 0.7]]


@pytest.mark.parametrize(
    ("sites", "bonds", "zero_modes", "stresses"),
    [
        (TRIANGLE, [(0, 1), (1, 2), (2, 0)], 3, 0),
        (TRIANGLE, [(0, 1), (1, 2)], 4, 0),
        (TRIANGLE, [], 6, 0),
        ([[0, 0], [1, 0], [2, 0]], [(0, 1), (1, 2), (2, 0)], 4, 1),  # on a line: Maxwell counts 3
        ([[0, 0], [1, 0], [1.2, 0.9], [0, 1]], [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3)], 3, 1),
        ([[0, 0]], [], 2, 0),
    ],
)
def test_counts_of_small_free_networks(sites, bonds, zero_modes, stresses):
    modes = normal_modes(free(sites, bonds), TOLERANCE)
    assert (modes.zero_modes, modes.self_stresses) == (zero_modes, stresses)
    assert modes.rigid == (3 if len(sites) > 1 else 2)


def test_the_frequency_of_one_spring():
    """Two masses: ω² = 2k/m; one of them on the lattice of one site does not see its own spring."""
    modes = normal_modes(free([[0, 0], [0.6, 0.8]], [(0, 1)]), TOLERANCE)
    np.testing.assert_allclose(modes.frequencies, [0, 0, 0, math.sqrt(2)])
    np.testing.assert_allclose(abs(modes.displacements[:, 3]), np.array([0.6, 0.8, 0.6, 0.8]) / math.sqrt(2))


def test_frequencies_of_the_square_lattice_are_those_of_chains():
    """ω = 2 |sin(q/2)| with q = 2π j/L, once for each row and column (C. Kittel, Introduction to Solid State Physics, ch. 4)."""
    columns, rows = 5, 4
    chain = {n: 2 * np.abs(np.sin(np.pi * np.arange(n) / n)) for n in (columns, rows)}
    expected = np.sort(np.concatenate([np.tile(chain[columns], rows), np.tile(chain[rows], columns)]))
    found = normal_modes(lattice("square", columns, rows), TOLERANCE).frequencies
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_extensions_are_the_differences_of_lengths(rng):
    """C against lengths before and after a small displacement."""
    network = lattice("kagome", 4, 3)
    moves = 1e-6 * rng.normal(size=network.sites.shape)
    moved = Network(network.sites + moves, network.bonds, network.offsets, network.box, periodic=True)
    extensions = compatibility_matrix(network) @ moves.ravel()
    np.testing.assert_allclose(moved.lengths() - network.lengths(), extensions, atol=1e-11)


def test_modes_are_orthonormal_and_zero_modes_stretch_nothing(rng):
    kagome = lattice("kagome", 3, 4)
    inside = (kagome.offsets == 0).all(axis=1)
    for network in (kagome, free(kagome.sites + 0.1 * rng.random(kagome.sites.shape), kagome.bonds[inside])):
        modes = normal_modes(network, TOLERANCE)
        matrix = compatibility_matrix(network)
        np.testing.assert_allclose(modes.displacements.T @ modes.displacements, np.eye(72), atol=1e-10)
        np.testing.assert_allclose(np.linalg.norm(matrix @ modes.displacements, axis=0), modes.frequencies, atol=1e-10)
        rigid = rigid_motions(network.sites, network.periodic)
        np.testing.assert_allclose(modes.displacements[:, : modes.rigid], rigid)
        np.testing.assert_allclose(matrix @ rigid, 0, atol=1e-12)


def test_smooth_mechanisms_come_first():
    """Of the square lattice: rows that shift, the longest wave first; the roughest lets neighbours move oppositely, as far as they can."""
    network = lattice("square", 6, 6)
    modes = normal_modes(network, TOLERANCE)
    _, displacements = modes.softest(modes.mechanisms)
    differences = displacements[:, network.bonds[:, 1]] - displacements[:, network.bonds[:, 0]]
    roughness = (differences**2).sum(axis=(1, 2))
    expected = np.sort(np.tile(4 * np.sin(np.pi * np.arange(1, 6) / 6) ** 2, 2))
    np.testing.assert_allclose(roughness, expected, atol=1e-10)


def test_a_bond_without_length_is_refused():
    with pytest.raises(
        ValueError, match=r"bond 1, between the sites \[0, 2\], has length 0 and therefore no direction"
    ):
        normal_modes(free([[0, 0], [1, 0], [0, 0]], [(0, 1), (0, 2)]), TOLERANCE)


# --- moduli -----------------------------------------------------------------------------------------------------------------

ROOT = math.sqrt(3)
KNOWN = {
    "square": (
        1 / 2,
        1 / 4,
        0,
    ),  # stiff along its bonds, soft across: the mean over directions is half of the stiff one
    "triangular": (ROOT / 2, ROOT / 4, ROOT / 4),
    "kagome": (ROOT / 4, ROOT / 8, ROOT / 8),  # half of the triangular lattice's bonds a unit of area
    "honeycomb": (1 / (2 * ROOT), 0, 0),
}


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (6, 4)])
@pytest.mark.parametrize("name", KNOWN)
def test_moduli_of_lattices(name, size):
    np.testing.assert_allclose(moduli(lattice(name, *size)), KNOWN[name], atol=1e-12)


def test_moduli_do_not_depend_on_the_unit_of_length():
    network = lattice("triangular", 4, 3)
    large = Network(17.0 * network.sites, network.bonds, network.offsets, 17.0 * network.box, periodic=True)
    np.testing.assert_allclose(moduli(large), KNOWN["triangular"])


def twisted_kagome(angle, columns, rows):
    """Each triangle turned by ± angle (K. Sun et al., PNAS 109, 12369 (2012)); sites are the corners of the upward ones."""
    cell, basis, bonds = LATTICES["kagome"]
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    middle = np.mean(basis, axis=0)
    return periodic(math.cos(angle) * np.array(cell), middle + (np.array(basis) - middle) @ turn, bonds, columns, rows)


@pytest.mark.parametrize("angle", [0.1, 0.4])
def test_the_twisted_kagome_lattice_gives_way_to_pressure_alone(angle):
    """Sun et al. 2012: a bulk modulus of 0, a shear modulus of √3 k/8, and no zero modes but translations."""
    network = twisted_kagome(angle, 4, 3)
    np.testing.assert_allclose(network.lengths(), 1)
    np.testing.assert_allclose(moduli(network), [0, ROOT / 8, ROOT / 8], atol=1e-12)
    modes = normal_modes(network, TOLERANCE)
    assert (modes.zero_modes, modes.self_stresses) == (2, 2)


def test_rotated_squares_give_way_to_pressure_alone():
    """Rigid squares, joined at their corners and turned by ± θ in turn, shrink alike in all directions (J. N. Grima and K. E. Evans, J.
    Mater. Sci. Lett. 19, 1563 (2000)): K = 0, but they withstand every shear."""
    cosine, sine = math.cos(0.3), math.sin(0.3)
    reach = cosine + sine  # between the centres of neighbours whose sides are 1
    first = (
        np.array([[cosine - sine, cosine + sine], [-cosine - sine, cosine - sine]]) / 2
    )  # two corners; the others lie opposite
    east, north = -first[1], first[0]
    corners = {"east": east, "north": north, "west": -east, "south": -north}
    basis = list(corners.values())
    # the second square, to the right of the first, shares the corner "east" and has the three others in other cells
    cell = reach * np.array([[1, 1], [-1, 1]])
    bonds = [(a, b, 0, 0) for a in range(4) for b in range(a)]
    second = [(0, 0, 0), (3, 1, 0), (2, 1, -1), (1, 0, -1)]  # corner of the first square, and the cell of that square
    bonds += [(a, b, i - k, j - m) for n, (b, i, j) in enumerate(second) for a, k, m in second[:n]]
    network = periodic(cell, basis, bonds, 3, 2)
    assert {round(length, 9) for length in network.lengths()} == {1, round(math.sqrt(2), 9)}
    bulk, _, softest = moduli(network)
    assert bulk == pytest.approx(0, abs=1e-12)
    assert softest > 0.1
    assert normal_modes(network, TOLERANCE).zero_modes == 2


def hexagon(rings):
    """A patch of the triangular lattice around a site."""
    steps = range(-rings, rings + 1)
    sites = np.array([np.array([i, j]) @ OBLIQUE for i in steps for j in steps if abs(i + j) <= rings])
    distances = np.linalg.norm(sites[:, None] - sites[None], axis=2)
    return free(sites, np.argwhere(np.triu(np.isclose(distances, 1))))


@pytest.mark.parametrize("rings", [1, 2, 5])
def test_a_free_patch_comes_down_to_the_bulk_as_it_grows(rings):
    """9n² + 3n springs on 6n² triangles: K = √3/2 (1 + 1/3n), as the sites inside are in balance where the strain puts them."""
    network = hexagon(rings)
    assert len(network.bonds) == 9 * rings**2 + 3 * rings
    np.testing.assert_allclose(moduli(network), np.array(KNOWN["triangular"]) * (1 + 1 / (3 * rings)), rtol=1e-10)


def test_the_rim_of_a_patch_is_its_last_ring():
    network = hexagon(3)
    np.testing.assert_array_equal(rim_sites(network, 0.5), network.coordination() < 6)
    assert rim_sites(network, 0.9).sum() == 18 + 12
    assert not rim_sites(lattice("square", 3, 3), 0.5).any()


def test_relaxation_of_a_free_network_is_the_least_energy(rng):
    """Against a plain minimization by SciPy, one strain at a time."""
    patch = hexagon(2)
    kept = rng.permutation(len(patch.bonds))[:-12]
    network = free(patch.sites + 0.15 * rng.uniform(-1, 1, patch.sites.shape), patch.bonds[kept])
    inside = np.repeat(~rim_sites(network, 0.5), 2)
    matrix = compatibility_matrix(network).toarray()

    def energy(strain):
        affine = matrix @ (network.sites @ strain).ravel()
        least = minimize(lambda u: 0.5 * np.sum((affine + matrix[:, inside] @ u) ** 2), np.zeros(inside.sum()))
        return 2 * least.fun / ConvexHull(network.sites).volume

    def sheared(angle):
        return energy(np.array([[math.cos(angle), math.sin(angle)], [math.sin(angle), -math.cos(angle)]]) / 2)

    bulk, shear, softest = moduli(network)
    assert bulk == pytest.approx(energy(np.eye(2) / 2), rel=1e-6)
    assert shear == pytest.approx((sheared(0) + sheared(np.pi / 2)) / 2, rel=1e-6)
    assert softest == pytest.approx(min(sheared(angle) for angle in np.linspace(0, 2 * np.pi, 25)), rel=0.02)


@pytest.mark.parametrize("sites", [[[0, 0]], [[0, 0], [1, 0]], [[0, 0], [1, 0], [2, 0]]])
def test_what_has_no_area_has_no_moduli(sites):
    network = free(sites, [(i, i + 1) for i in range(len(sites) - 1)])
    assert np.isnan(moduli(network)).all()


def test_a_free_square_gives_way_to_shear_along_its_springs():
    """All four corners are held: K is that of two springs across and two up, on an area of 1."""
    network = free([[0, 0], [1, 0], [1, 1], [0, 1]], [(0, 1), (1, 2), (2, 3), (3, 0)])
    np.testing.assert_allclose(moduli(network), [1, 0.5, 0], atol=1e-12)

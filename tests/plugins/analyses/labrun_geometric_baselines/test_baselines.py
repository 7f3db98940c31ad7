from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from labrun import Ensemble, Outline
from labrun_geometric_baselines import GeometricBaselines
from labrun_geometric_baselines.methods import GEOMETRIC, pair_features
from labrun_geometric_baselines.places import Places
from labrun_mechanical_network import MechanicalNetwork

DISTANCE, DELAUNAY, GABRIEL, RELATIVE = GEOMETRIC


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    """Matplotlib keeps every figure until it is closed, and warns of more than 20."""
    yield
    plt.close("all")


def simulate(name, seed, count=6, lattices=("kagome", "square"), **fields):
    names = [lattices[i % len(lattices)] for i in range(count)]
    members = [
        MechanicalNetwork(lattice=one, size=32, **fields).simulate(np.random.default_rng([seed, i]))
        for i, one in enumerate(names)
    ]
    return Ensemble.from_arrays(members, {"lattice": names}, name)


@pytest.fixture
def scattered(rng):
    """Forty sites at random on an oblong plane."""
    return Places(rng.random((40, 2)) * [3, 1], np.array([[0, 1]]))


def chosen(method, places, threshold):
    return {(int(i), int(j)) for i, j in places.pairs[method.answer(places) >= threshold]}


def test_the_graphs_are_what_their_definitions_say(scattered):
    """Gabriel's and the relative neighbours' graph by three loops over all sites."""
    sites = scattered.sites
    gabriel, relative = set(), set()
    for i, j in combinations(range(len(sites)), 2):
        own = np.sum((sites[i] - sites[j]) ** 2)
        others = [
            (np.sum((sites[i] - one) ** 2), np.sum((sites[j] - one) ** 2))
            for k, one in enumerate(sites)
            if k not in (i, j)
        ]
        if own > 9:
            continue
        if all(to_i + to_j >= own for to_i, to_j in others):
            gabriel.add((i, j))
        if all(max(one) >= own for one in others):
            relative.add((i, j))
    assert chosen(GABRIEL, scattered, 0.5) == gabriel
    assert chosen(RELATIVE, scattered, 0.5) == relative
    assert relative < gabriel < chosen(DELAUNAY, scattered, -3) < chosen(DISTANCE, scattered, -3)


def test_delaunay_s_triangles_hold_no_site_in_their_circle():
    """A square with a site in the middle: four sides and four spokes, no diagonal."""
    places = Places(np.array([[0.0, 0.0], [2.0, 0.0], [2.1, 2.0], [0.0, 2.0], [1.0, 1.0]]), np.zeros((0, 2), int))
    assert chosen(DELAUNAY, places, -9) == {(0, 1), (1, 2), (2, 3), (0, 3), (0, 4), (1, 4), (2, 4), (3, 4)}
    assert chosen(DELAUNAY, places, -1.1) == {(0, 4), (1, 4), (2, 4), (3, 4)}


@pytest.mark.parametrize("sites", [[[0.0, 0.0], [1.0, 0.0]], [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]])
def test_sites_on_one_line_have_no_triangles(sites):
    places = Places(np.array(sites), np.array([[1, 0]]))
    assert not chosen(DELAUNAY, places, -9)
    assert (0, 1) in chosen(GABRIEL, places, 0.5)
    assert np.isfinite(pair_features(places)[:, 0]).all()
    assert places.is_bond.tolist()[0]
    assert places.bonds == 1


def test_lengths_are_in_spacings():
    places = Places(
        5 * np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [4.0, 0.0], [9.0, 0.0]]), np.array([[0, 4], [1, 2]])
    )
    assert sorted(places.lengths) == [1, 1, 2, 2, 3]
    assert (places.bonds, places.is_bond.sum()) == (2, 1)


def test_features_do_not_depend_on_the_order_of_sites(scattered, rng):
    order = rng.permutation(len(scattered.sites))
    other = Places(scattered.sites[order], np.array([[0, 1]]))
    of = {tuple(sorted(order[pair])): row for pair, row in zip(other.pairs, pair_features(other), strict=True)}
    for pair, row in zip(scattered.pairs, pair_features(scattered), strict=True):
        np.testing.assert_allclose(of[tuple(pair)], row, atol=1e-6)


def test_features_do_not_depend_on_scale_and_rotation(scattered):
    turn = np.array([[0.6, 0.8], [-0.8, 0.6]])
    other = Places(7 * scattered.sites @ turn, np.array([[0, 1]]))
    np.testing.assert_allclose(pair_features(other), pair_features(scattered), atol=1e-6)


def test_a_distance_tells_all_of_a_regular_lattice():
    """Of undistorted triangular lattices the nearest neighbours are the bonds; Delaunay's edges and Gabriel's graph agree."""
    regular = [simulate(name, 1, 2, ("triangular",), distortion=0.001) for name in ("test", "validation")]
    table = GeometricBaselines().analyse(*regular, np.random.default_rng(1)).tables["recovery"]
    found = table[table["class"] == "all"].set_index("method")
    assert found.loc[["distance", "Delaunay, filtered by length", "Gabriel graph"], "F1"].tolist() == [1, 1, 1]
    assert 1 < found.loc["distance", "threshold"] < np.sqrt(3)
    assert np.isnan(found.loc["Gabriel graph", "threshold"])


def test_learning_beats_geometry_on_lattices_that_differ():
    test, validation, train = simulate("test", 1), simulate("validation", 2), simulate("train", 3, 24)
    findings = GeometricBaselines().analyse(test, validation, np.random.default_rng(1), train)
    f1 = {name: value for name, value in findings.metrics.items() if name.startswith("F1")}
    assert max(f1, key=f1.get) == "F1, gradient boosting on pairs"
    assert f1["F1, gradient boosting on pairs"] > 0.95 > f1["F1, distance"] > 0.7
    table = findings.tables["recovery"]
    assert table["class"].unique().tolist() == ["kagome", "square", "all"]
    few = GeometricBaselines(taught=2).analyse(test, validation, np.random.default_rng(1), train).metrics
    assert few["F1, gradient boosting on pairs"] < f1["F1, gradient boosting on pairs"]
    assert few["F1, distance"] == f1["F1, distance"]


def test_bonds_over_a_boundary_are_left_out():
    periodic = simulate("periodic", 1, boundary="periodic")
    table = GeometricBaselines(by=None).analyse(periodic, periodic, np.random.default_rng(1)).tables["recovery"]
    assert table["bonds"].unique().tolist() == [sum(int(np.sum(~one["offsets"].any(axis=1))) for one in periodic)]
    assert table["class"].unique().tolist() == ["networks", "all"]


def test_a_single_site_is_refused():
    lone = Ensemble.from_arrays(
        [{"sites": np.zeros((1, 2)), "bonds": np.zeros((0, 2), int), "offsets": np.zeros((0, 2), int)}], {}, "lone"
    )
    with pytest.raises(ValueError, match="the member 0 of 'lone' has 1 sites; at least two are needed"):
        GeometricBaselines(by=None).analyse(lone, lone, np.random.default_rng(1))


def test_mistakes_show_before_a_run():
    def outline(columns, outputs):
        return Outline("networks", MechanicalNetwork(lattice="square"), columns, outputs)

    good = outline(("lattice",), MechanicalNetwork.outputs)
    assert [*GeometricBaselines().check(good, good)] == []
    faults = [*GeometricBaselines().check(outline((), {"sites": ""}), good, outline((), {"bonds": "", "offsets": ""}))]
    assert [message.partition("no ")[2].partition("'")[2].partition("'")[0] for _, message in faults] == [
        "bonds", "offsets", "sites", "lattice"
    ]  # fmt: skip


PROJECT = """\
project: places
seed: 1
simulations:
  networks: &networks {use: mechanical_network, with: {size: 32, cells: 3}, sweep: {grid: {lattice: [square, kagome]}, repeats: 2}}
  others: *networks
analyses:
  baselines:
    use: geometric_baselines
    from: {simulation: networks, validation_simulation: others, train_simulation: others}
"""


def test_a_project_runs(labrun, write_project, tmp_path):
    outcome = labrun("run", write_project(PROJECT), "--workers", 1)
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "runs/places/analyses/baselines"
    assert {"recovery.csv", "F1.png", "metrics.json"} <= {path.name for path in folder.iterdir()}

"""Ensembles: a table of parameters, and arrays that are read when they are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from labrun import Ensemble


@pytest.fixture
def ensemble() -> Ensemble:
    arrays = [{"u": np.full((2, 3), i), "v": np.zeros(i)} for i in range(4)]
    return Ensemble.from_arrays(arrays, {"k": [0.1, 0.2, 0.3, 0.4]}, "scan")


def test_parameters_have_one_row_a_member(ensemble):
    assert list(ensemble.parameters["k"]) == [0.1, 0.2, 0.3, 0.4]
    assert ensemble.parameters.index.name == "member"


def test_members_slices_and_shapes(ensemble):
    assert len(ensemble) == 4
    assert ensemble.names == ["u", "v"]
    assert ensemble.shape(3, "v") == (3,)
    np.testing.assert_array_equal(ensemble.read(2, "u", np.s_[:, -1]), [2, 2])
    assert [int(m["u"][0, 0]) for m in ensemble] == [0, 1, 2, 3]


def test_failed_members_are_left_out(ensemble):
    rest = Ensemble(ensemble._members, [0, 3], {"k": [0.1, 0.4]})
    assert [int(m["u"][0, 0]) for m in rest] == [0, 3]
    assert list(rest.parameters.index) == [0, 3]


def test_unknown_array_is_told_with_the_known_ones(ensemble):
    with pytest.raises(KeyError, match="the simulation 'scan' gives no array 'w'; it gives u, v"):
        ensemble.read(0, "w")
    with pytest.raises(KeyError, match="the simulation 'scan' gives no array 'w'; it gives u, v"):
        ensemble.shape(0, "w")


def test_empty_ensemble():
    empty = Ensemble.from_arrays([], {"k": []})
    assert (len(empty), empty.names, list(empty)) == (0, [], [])


@pytest.mark.parametrize("every", [1, 3, 7])
def test_planes_are_read_some_at_a_time(monkeypatch, rng, every):
    monkeypatch.setattr("labrun.contracts.ensemble.BYTES_AT_ONCE", 4 * 5 * 7)
    snapshots = rng.integers(0, 5, (23, 5, 7), np.uint8)
    simulation = Ensemble.from_arrays([{"snapshots": snapshots}], {}, "gas")
    read, sizes = simulation.read, []
    monkeypatch.setattr(simulation, "read", lambda *args: sizes.append(read(*args).nbytes) or read(*args))
    np.testing.assert_array_equal(list(simulation.planes(0, "snapshots", every)), snapshots[::every])
    assert max(sizes) <= 4 * 5 * 7
    assert len(sizes) == -(-len(snapshots[::every]) // 4)


@pytest.mark.parametrize("shape", [(4, 6), (0, 4, 6), (2, 4, 6, 1)])
def test_what_is_no_stack_of_planes_is_refused(shape):
    simulation = Ensemble.from_arrays([{"snapshots": np.zeros(shape)}], {}, "gas")
    with pytest.raises(
        ValueError, match=r"'snapshots' of member 0 of 'gas' has the shape .*; expected \(snapshots, height, width\)"
    ):
        list(simulation.planes(0, "snapshots"))


def test_members_of_one_sky_are_one_group():
    arrays = [{"u": np.zeros(1)}] * 4
    skies = Ensemble.from_arrays(arrays, {"z": [6, 6, 7, 7]}, "skies", groups=[("a",), ("b",), ("a",), ("b",)])
    np.testing.assert_array_equal(skies.groups, [0, 1, 0, 1])
    np.testing.assert_array_equal(Ensemble.from_arrays(arrays, {}).groups, range(4))


def test_members_by_their_values():
    columns = {"z": [6, 6.5, 7, 7], "class": ["a", "b", "b", "a"]}
    skies = Ensemble.from_arrays([{"u": np.array([i])} for i in range(4)], columns, "skies", groups=[5, 5, 6, 6])
    chosen = skies.where({"z": [6, 7], "class": "a"})
    np.testing.assert_array_equal(chosen, [True, False, False, True])
    two = skies.take(chosen)
    assert (two.numbers, two.columns["z"], two.name) == ([0, 3], [6, 7], "skies")
    assert [int(member["u"][0]) for member in two] == [0, 3]
    np.testing.assert_array_equal(two.groups, [0, 1])
    with pytest.raises(KeyError, match="the table of 'skies' has no column 'zz': did you mean 'z'"):
        skies.where({"zz": 6})
    with pytest.raises(ValueError, match="no member of 'skies' has z: 6, class: b"):
        skies.where({"z": 6, "class": "b"})


def test_numbers_of_members_become_columns_where_they_are_none():
    """As of files that know their redshift; an order of columns, and those that are there, stay."""
    arrays = [{"u": np.zeros(3), "redshift": np.array(z), "seed": np.array(i)} for i, z in enumerate((7.0, 8.0))]
    sky = Ensemble.from_arrays(arrays, {"seed": [5, 6]}, "sky", groups=["a", "a"])
    extended = sky.with_numbers(["seed", "redshift"])
    assert extended.columns == {"seed": [5, 6], "redshift": [7.0, 8.0]}
    assert extended.groups.tolist() == [0, 0]
    assert extended.parameters["redshift"].tolist() == [7.0, 8.0]
    assert sky.columns == {"seed": [5, 6]}
    with pytest.raises(
        ValueError, match="'sky' has no column 'redshft', and no array of this name with one number a member: did you"
    ):
        sky.with_numbers(["redshft"])
    with pytest.raises(ValueError, match="'sky' has no column 'u', and no array"):
        sky.with_numbers(["u"])

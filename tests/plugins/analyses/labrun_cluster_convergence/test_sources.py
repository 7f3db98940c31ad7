from __future__ import annotations

import numpy as np
import pytest

from labrun import Ensemble
from labrun_cluster_convergence.sources import has_source, read_series
from labrun_lattices.clusters import cluster_sizes

OBSERVABLES = ("mean_cluster_size", "largest_cluster", "clusters", "single_fraction")


@pytest.fixture
def snapshots(rng):
    """Oblong, with clusters over the seams, and an empty one."""
    planes = (rng.random((7, 9, 14)) < 0.4) * rng.integers(1, 5, (7, 9, 14))
    planes[3] = 0
    return planes.astype(np.uint8)


def by_hand(plane, observable):
    sizes = cluster_sizes(plane).astype(float)
    return {
        "mean_cluster_size": (sizes**2).sum() / max(1, sizes.sum()),
        "largest_cluster": sizes.max(initial=0),
        "clusters": len(sizes),
        "single_fraction": (sizes == 1).sum() / max(1, sizes.sum()),
    }[observable]


def ensemble(*members):
    return Ensemble.from_arrays(members, {}, "runs")


@pytest.mark.parametrize("observable", OBSERVABLES)
@pytest.mark.parametrize(("clock", "unit"), [("steps", "sweeps"), ("iterations", "iterations")])
def test_snapshots_are_measured_at_their_times(snapshots, observable, clock, unit, monkeypatch):
    plane = snapshots[0].size
    monkeypatch.setattr("labrun.contracts.ensemble.BYTES_AT_ONCE", 3 * plane)  # 7 snapshots: what is read last is less
    runs = ensemble({"snapshots": snapshots, clock: np.arange(7) * 5 + 100})
    series = read_series(runs, 0, observable)
    assert series.unit == unit
    assert series.times.tolist() == [100, 105, 110, 115, 120, 125, 130]
    np.testing.assert_allclose(series.values, [by_hand(plane, observable) for plane in snapshots])


def test_what_was_kept_of_every_look_comes_first(snapshots):
    looks = {"look_steps": np.arange(3) * 10, "clusters": np.array([5, 4, 3], np.int32)}
    runs = ensemble({"snapshots": snapshots, "steps": np.arange(7), **looks})
    series = read_series(runs, 0, "clusters")
    assert (series.times.tolist(), series.values.tolist(), series.unit) == ([0, 10, 20], [5.0, 4.0, 3.0], "sweeps")
    assert len(read_series(runs, 0, "largest_cluster").values) == 7  # of which nothing was kept


def test_steps_come_before_iterations_and_each_member_has_its_own_source(snapshots):
    nothing = {"look_steps": np.empty(0, int), "clusters": np.empty(0, np.int32)}
    first = {"snapshots": snapshots, "steps": np.arange(7), "iterations": np.arange(7) + 40, **nothing}
    second = first | {"look_steps": np.array([3]), "clusters": np.array([2])}
    runs = ensemble(first, second)
    assert read_series(runs, 0, "clusters").times.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert read_series(runs, 1, "clusters").times.tolist() == [3]


def test_rolled_copies_count_once(snapshots):
    rolled = np.repeat(snapshots, 3, axis=0)
    rolled[1::3], rolled[2::3] = np.roll(snapshots, 4, axis=2), np.roll(snapshots, 7, axis=2)
    files = ensemble({"snapshots": rolled, "iterations": np.repeat(np.arange(7), 3)})
    plain = ensemble({"snapshots": snapshots, "iterations": np.arange(7)})
    for observable in OBSERVABLES:
        found, expected = (read_series(runs, 0, observable) for runs in (files, plain))
        np.testing.assert_array_equal(found.times, expected.times)
        np.testing.assert_allclose(found.values, expected.values)


def test_a_member_without_a_series_says_what_to_do():
    nothing = {"look_steps": np.empty(0, int), "clusters": np.empty(0), "steps": np.empty(0, int)}
    runs = ensemble(nothing | {"snapshots": np.empty((0, 9, 14), np.uint8)})
    message = (
        r"member 0 of the simulation 'runs' holds no series of 'clusters': expected values in 'look_steps' and 'clusters', or "
        r"'snapshots' and their 'steps' or 'iterations', found none. Set 'observe: true' in the simulation, or let it keep snapshots"
    )
    with pytest.raises(ValueError, match=message):
        read_series(runs, 0, "clusters")
    with pytest.raises(ValueError, match="holds no series of 'clusters'"):
        read_series(ensemble({"u": np.zeros(3)}), 0, "clusters")


def test_blocked_particles_are_known_of_looks_only(snapshots):
    looks = {"look_steps": np.arange(3) * 10, "blocked_fraction": np.array([0.1, 0.2, 0.4])}
    series = read_series(ensemble({"snapshots": snapshots, "steps": np.arange(7), **looks}), 0, "blocked_fraction")
    assert (series.times.tolist(), series.values.tolist()) == ([0, 10, 20], [0.1, 0.2, 0.4])
    assert has_source("blocked_fraction", {"look_steps", "blocked_fraction"})
    assert not has_source("blocked_fraction", {"snapshots", "steps"})
    message = (
        "expected values in 'look_steps' and 'blocked_fraction', found none. Set 'observe: true' in the simulation$"
    )
    with pytest.raises(ValueError, match=message):
        read_series(ensemble({"snapshots": snapshots, "steps": np.arange(7)}), 0, "blocked_fraction")


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_values_that_are_not_finite_name_the_member(wrong):
    good = {"look_steps": np.arange(4) * 10, "mean_cluster_size": np.ones(4)}
    bad = good | {"mean_cluster_size": np.array([1, 2, wrong, wrong])}
    runs = Ensemble(ensemble(good, good, good, bad)._members, [1, 3], {}, "runs")
    read_series(runs, 0, "mean_cluster_size")
    message = r"member 3 of .*'runs' holds 2 values of 'mean_cluster_size' that are NaN or infinite, the first after 20 sweeps"
    with pytest.raises(ValueError, match=message):
        read_series(runs, 1, "mean_cluster_size")


def test_each_value_needs_a_time():
    runs = ensemble({"look_steps": np.arange(4), "clusters": np.ones(5)})
    with pytest.raises(ValueError, match=r"of shape \(5,\) at times of shape \(4,\): expected one value for each time"):
        read_series(runs, 0, "clusters")


@pytest.mark.parametrize(
    ("arrays", "there"),
    [
        (["look_steps", "clusters"], True),
        (["snapshots", "steps"], True),
        (["snapshots", "iterations"], True),
        (["look_steps", "largest_cluster"], False),
        (["clusters", "steps"], False),
        (["snapshots"], False),
    ],
)
def test_what_is_a_source(arrays, there):
    assert has_source("clusters", arrays) == there

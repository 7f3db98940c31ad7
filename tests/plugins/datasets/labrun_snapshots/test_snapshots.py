"""Snapshots as examples, on oblong lattices: encodings, rolled copies, what is chosen, and what is read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from labrun import Ensemble, Findings, Outline
from labrun_persistent_exclusion import PersistentExclusion
from labrun_snapshots import Snapshots

RATES = [0.5, 0.125, 0.5, 0.125]


@pytest.fixture
def trajectories(rng):
    """Four members of five snapshots, 6 × 10, at sweeps 100, 110, …."""
    arrays = [
        {"snapshots": rng.integers(0, 5, (5, 6, 10), dtype=np.uint8), "steps": np.arange(100, 150, 10)} for _ in RATES
    ]
    return Ensemble.from_arrays(arrays, {"tumbling_rate": RATES, "repeat": [0, 0, 1, 1]}, "runs")


def dataset(ensemble, /, seed=1, convergence=None, **fields):
    return Snapshots(**fields).examples(ensemble, np.random.default_rng(seed), convergence)


def all_snapshots(trajectories):
    return np.concatenate([member["snapshots"] for member in trajectories])


def test_every_snapshot_is_an_example_and_a_member_is_a_group(trajectories):
    examples = dataset(trajectories)
    x, y = examples.load(slice(None))
    np.testing.assert_array_equal(x, all_snapshots(trajectories))
    np.testing.assert_array_equal(y, np.repeat([-1.0, -3.0, -1.0, -3.0], 5).astype(np.float32))
    np.testing.assert_array_equal(examples.groups, np.repeat(range(4), 5))
    assert (x.dtype, y.dtype, examples.periodic) == (np.uint8, np.float32, True)
    assert str(examples.quantity) == "tumbling_rate [1/sweep]"
    np.testing.assert_allclose(examples.quantity.value(y), np.repeat(RATES, 5))


def test_planes_of_orientations_and_places(trajectories):
    codes = all_snapshots(trajectories)
    one_hot = dataset(trajectories, encoding="one_hot").load_x(slice(None))
    assert one_hot.shape == (20, 6, 10, 4)
    np.testing.assert_array_equal((one_hot * np.arange(1, 5)).sum(axis=-1), codes)
    occupancy = dataset(trajectories, encoding="occupancy").load_x(slice(None))
    np.testing.assert_array_equal(occupancy[..., 0], codes > 0)


def test_scrambled_orientations_are_uniform_and_stay_where_they_are(trajectories):
    codes = all_snapshots(trajectories)
    examples = dataset(trajectories, encoding="scrambled")
    scrambled = examples.load_x(slice(None))
    np.testing.assert_array_equal(scrambled > 0, codes > 0)
    assert (scrambled[codes > 0] == codes[codes > 0]).mean() == pytest.approx(0.25, abs=0.05)
    assert np.bincount(scrambled[codes == 1], minlength=5)[1:].min() > 30
    np.testing.assert_array_equal(examples.load_x([7, 3]), scrambled[[7, 3]])  # the same whenever they are asked for
    assert (dataset(trajectories, encoding="scrambled", seed=2).load_x(slice(None)) != scrambled).any()


@pytest.mark.parametrize("encoding", ["orientation", "one_hot", "occupancy", "scrambled"])
def test_rolled_copies_are_the_original_rolled_along_the_columns(trajectories, encoding):
    plain = dataset(trajectories, encoding=encoding)
    rolled = dataset(trajectories, encoding=encoding, rolls=4)
    assert len(rolled) == 5 * len(plain)
    originals = plain.load_x(slice(None))
    for copy in range(5):
        np.testing.assert_array_equal(rolled.load_x(np.arange(20) * 5 + copy), np.roll(originals, 2 * copy, axis=2))
    np.testing.assert_array_equal(rolled.groups, np.repeat(range(4), 25))
    np.testing.assert_array_equal(rolled.load_y(slice(None)), np.repeat(plain.load_y(slice(None)), 5))


def test_copies_never_lie_on_two_sides_of_a_split(trajectories, rng):
    parts = dataset(trajectories, rolls=13).split({"a": 0.5, "b": 0.5}, rng)
    assert not set(parts["a"].groups) & set(parts["b"].groups)


def test_first_snapshots_and_first_trajectories_of_each_rate(trajectories):
    examples = dataset(trajectories, first=2, trajectories=1)
    assert examples.groups.tolist() == [0, 0, 1, 1]
    np.testing.assert_array_equal(examples.load_x([3]), all_snapshots(trajectories)[[6]])


def test_scales_of_the_target(trajectories):
    linear = dataset(trajectories, scale="linear")
    np.testing.assert_allclose(linear.load_y([0, 5]), [0.5, 0.125])
    assert linear.quantity.scale == "linear"
    classes = dataset(trajectories, scale="class")
    assert (classes.classes, classes.quantity) == (("0.125", "0.5"), None)
    assert classes.load_y([0, 5, 10, 15]).tolist() == [1, 0, 1, 0]


def test_density_is_a_second_input(trajectories):
    x = dataset(trajectories, density=True, encoding="occupancy", rolls=1).load_x([0, 1, 2])
    assert sorted(x) == ["density", "snapshot"]
    assert x["density"].dtype == np.float32
    np.testing.assert_allclose(x["density"][:, 0], x["snapshot"].mean(axis=(1, 2, 3)), rtol=1e-6)


def starts(*values, rates=RATES):
    table = pd.DataFrame({"member": range(len(values)), "tumbling_rate": rates[: len(values)], "start": values})
    return Findings(tables={"members": table})


def test_only_the_steady_state(trajectories):
    examples = dataset(trajectories, convergence=starts(0, 120, 121, 1000))
    np.testing.assert_array_equal(np.bincount(examples.groups, minlength=4), [5, 3, 2, 0])
    np.testing.assert_array_equal(examples.load_x([5]), all_snapshots(trajectories)[[7]])


@pytest.mark.parametrize(
    ("findings", "message"),
    [
        (Findings(), "'convergence' takes the findings of cluster_convergence, .* found nothing"),
        (starts(0, 0, 0), "'convergence' does not contain member 3 of 'runs': run it on the same simulation"),
        (starts(0, 0, 0, 0, rates=[0.5, 0.2, 0.5, 0.125]), "'convergence' does not contain member 1 of 'runs'"),
        (starts(900, 900, 900, 900), "'runs' leaves no snapshots: it has none, or none in the steady state"),
    ],
)
def test_convergence_of_something_else(trajectories, findings, message):
    with pytest.raises(ValueError, match=message):
        dataset(trajectories, convergence=findings)


def test_what_cannot_be_an_example(trajectories, rng):
    sizes = [{"snapshots": np.zeros((2, 4, side), np.uint8)} for side in (5, 6)]
    ensemble = Ensemble.from_arrays(sizes, {"tumbling_rate": [0, 0.1], "kind": ["a", "b"]}, "runs")
    with pytest.raises(ValueError, match=r"of one size in all members; member 1 has \(2, 4, 6\), member 0 \(2, 4, 5\)"):
        dataset(ensemble)
    alike = Ensemble.from_arrays(sizes[:1] * 2, ensemble.columns, "runs")
    with pytest.raises(ValueError, match="'tumbling_rate' holds 0, which has no logarithm: set 'scale: linear'"):
        dataset(alike)
    with pytest.raises(ValueError, match="'kind' holds texts, which are not numbers: set 'scale: class'"):
        dataset(alike, target="kind")
    assert dataset(alike, target="kind", scale="class").classes == ("a", "b")


def test_mistakes_show_before_a_run():
    outline = Outline(
        "runs", PersistentExclusion(density=0.1, tumbling_rate=0.1), ("density",), PersistentExclusion.outputs
    )
    found = dict(Snapshots(array="snapshot", time="step").check(outline, convergence=outline))
    assert found["array"] == "'runs' gives no array 'snapshot': did you mean 'snapshots'?"
    assert found["target"].startswith("the table of 'runs' has no column 'tumbling_rate'")
    assert found["time"] == "'runs' gives no array 'step': did you mean 'steps'?"
    assert dict(Snapshots(time="step", target="density").check(outline)) == {}
    none = PersistentExclusion(density=0.1, tumbling_rate=0.1, snapshots=0, observe=True)
    outline = Outline("runs", none, ("density",), PersistentExclusion.outputs)
    assert dict(Snapshots(target="density").check(outline))["array"].startswith("'runs' gives no array 'snapshots'")


def test_nothing_is_read_before_it_is_asked_for(trajectories):
    read = []

    class Watched(Ensemble):
        def read(self, i, name, selection=()):
            read.append((i, name, selection))
            return super().read(i, name, selection)

    watched = Watched(trajectories._members, trajectories.numbers, trajectories.columns, "runs")
    examples = dataset(watched, rolls=13)
    assert read == []
    examples.load(14 * np.array([0, 19]) + 3)
    assert read == [(0, "snapshots", 0), (3, "snapshots", 4)]

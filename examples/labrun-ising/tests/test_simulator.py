"""`ising`: labrun's conformance kit, an enumeration of a small lattice, and Kaufman's energy of a larger one."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from labrun.testing import SimulatorContract

from labrun_ising import Ising, exact
from labrun_ising.enumeration import enumerate_states

Algorithm = Literal["metropolis", "wolff"]


class TestIsing(SimulatorContract):
    """The contract of simulators, such as equal bytes for equal seeds, and documented fields and outputs."""

    plugin = Ising
    config = {"temperature": 2.3, "size": [8, 12], "snapshots": 10, "equilibration": 5}


class TestIsingByMetropolis(SimulatorContract):
    """The same for the other algorithm and initial state."""

    plugin = Ising
    config = {**TestIsing.config, "algorithm": "metropolis", "start": "hot"}


def simulated(seed: int, **fields: object) -> dict[str, np.ndarray]:
    return Ising.configured(fields).simulate(np.random.default_rng(seed))


def error_of(series: np.ndarray) -> float:
    """Return the standard error of the mean, from 50 blocks."""
    blocks = series.reshape(50, -1).mean(axis=1)
    return float(blocks.std(ddof=1) / np.sqrt(50))


@pytest.mark.parametrize("algorithm", ["metropolis", "wolff"])
@pytest.mark.parametrize("temperature", [1.5, 2.27, 4.0])
def test_averages_are_those_of_all_states(algorithm: Algorithm, temperature: float) -> None:
    """On 3 × 4 sites with 4096 states, four averages agree within four standard errors."""
    found = simulated(
        7,
        temperature=temperature,
        size=[3, 4],
        algorithm=algorithm,
        start="hot",
        measurements=40_000,
        snapshots=1,
        interval=1,
    )
    m, e = found["magnetisation"], found["energy"]
    wanted = enumerate_states((3, 4), temperature)
    pairs = [(e, wanted.energy), (np.abs(m), wanted.magnetisation), (m**2, wanted.second), (m**4, wanted.fourth)]
    for series, average in pairs:
        assert error_of(series) < 0.01
        assert series.mean() == pytest.approx(average, abs=4 * error_of(series))


@pytest.mark.parametrize("algorithm", ["metropolis", "wolff"])
def test_energy_of_a_larger_lattice_is_kaufmans(algorithm: Algorithm) -> None:
    found = simulated(3, temperature=2.5, size=[16, 24], algorithm=algorithm, snapshots=5000)
    error = error_of(found["energy"])
    assert error < 0.005
    assert found["energy"].mean() == pytest.approx(exact.finite_energy(2.5, 16, 24), abs=4 * error)


def test_magnetisation_and_energy_are_those_of_the_spins() -> None:
    found = simulated(1, temperature=2.3, size=[5, 8], snapshots=20, measurements=3)
    s = found["spins"].astype(int)
    assert found["energy"].shape == (60,)
    np.testing.assert_allclose(found["magnetisation"][2::3], s.mean(axis=(1, 2)))
    np.testing.assert_allclose(found["energy"][2::3], -(s * (np.roll(s, 1, 1) + np.roll(s, 1, 2))).mean(axis=(1, 2)))


@pytest.mark.parametrize("algorithm", ["metropolis", "wolff"])
def test_starts(algorithm: Algorithm) -> None:
    """At T = 0.1 a cold start stays ordered, and only whole lattices flip; a hot start is random."""
    cold = simulated(1, temperature=0.1, size=16, algorithm=algorithm, snapshots=4)
    np.testing.assert_array_equal(np.abs(cold["magnetisation"]), 1)
    lattice = Ising(temperature=0.1, size=(64, 96), start="hot", algorithm=algorithm).lattice(np.random.default_rng(1))
    assert abs(lattice.spins.mean()) < 5 / np.sqrt(64 * 96)


def test_a_sweep_of_clusters_has_as_many_as_fill_the_lattice() -> None:
    """At nearly infinite temperature clusters have one site; at low temperature one cluster fills the lattice."""
    for temperature, clusters in ((1e6, 8 * 12), (0.1, 1)):
        lattice = Ising(temperature=temperature, size=(8, 12)).lattice(np.random.default_rng(1))
        lattice.equilibrate(20)
        assert lattice.clusters == clusters


def test_watching_shows_the_start_and_then_each_interval() -> None:
    views = list(Ising(temperature=2.0, size=(8, 12), interval=3).watch(np.random.default_rng(1), 3))
    assert [view.caption.split(", ")[1] for view in views] == ["sweep 0", "sweep 3", "sweep 6"]
    assert views[0].image.min() == 1

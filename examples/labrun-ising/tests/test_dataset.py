"""`ising_snapshots`: labrun's conformance kit, and the answers of snapshots."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from labrun import Ensemble
from labrun.testing import DatasetContract, simulated_ensemble

from labrun_ising import Ising, IsingSnapshots


def ensemble() -> Ensemble:
    """Two cold and two hot members, three snapshots of 6 × 8 sites each."""
    config = {"size": [6, 8], "snapshots": 3, "equilibration": 10}
    return simulated_ensemble(Ising, {"temperature": [1.0, 1.2, 4.0, 5.0]}, config)


class TestPhases(DatasetContract):
    """The contract of datasets, such as shapes, types, and splits that keep members together."""

    plugin = IsingSnapshots

    def inputs(self) -> dict[str, Any]:
        """Return the inputs that a project would connect."""
        return {"simulation": ensemble()}


class TestTemperatures(TestPhases):
    """The same for a numerical answer."""

    plugin = IsingSnapshots
    config = {"target": "temperature"}


def test_each_snapshot_goes_with_its_temperature_and_its_phase() -> None:
    simulation = ensemble()
    temperatures = IsingSnapshots(target="temperature").examples(simulation, np.random.default_rng(1))
    phases = IsingSnapshots().examples(simulation, np.random.default_rng(1))
    x, y = temperatures.load([4, 11])
    np.testing.assert_allclose(y, [1.2, 5.0])
    np.testing.assert_array_equal(phases.load_y([4, 11]), [0, 1])
    assert phases.classes == ("ordered", "disordered")
    for picture, (member, snapshot) in zip(x[..., 0], [(1, 1), (3, 2)], strict=True):
        spins = simulation.read(member, "spins", snapshot)
        assert np.array_equal(picture, spins) or np.array_equal(picture, -spins)


def test_both_orientations_are_equally_likely() -> None:
    cold = Ensemble.from_arrays([{"spins": np.ones((1000, 2, 3), np.int8)}], {"temperature": [0.1]})
    x, _ = IsingSnapshots().examples(cold, np.random.default_rng(1)).load(slice(None))
    assert abs(x.mean()) < 4 / np.sqrt(1000)


def test_lattices_of_two_sizes_are_refused() -> None:
    members = [{"spins": np.ones((1, 4, side), np.int8)} for side in (4, 6)]
    both = Ensemble.from_arrays(members, {"temperature": [1.0, 1.0]}, name="curves")
    with pytest.raises(
        ValueError, match=r"'curves' holds lattices of \(4, 4\) and \(4, 6\) sites: a network takes pictures"
    ):
        IsingSnapshots().examples(both, np.random.default_rng(1))

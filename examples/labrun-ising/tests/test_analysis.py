"""`ising_observables`: labrun's conformance kit, and series whose observables are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from labrun import Ensemble
from labrun.testing import AnalysisContract, simulated_ensemble

from labrun_ising import Ising, IsingObservables, exact
from labrun_ising.crossing import find_crossings
from labrun_ising.observables import measure, observe


def ensemble(snapshots: int = 60) -> Ensemble:
    """Two sizes at three temperatures, two members each."""
    sweep = {"size": [[4, 6], [8, 12]] * 6, "temperature": np.repeat([1.5, 2.2, 3.5], 4).tolist()}
    config = {"snapshots": snapshots, "equilibration": 20}
    return simulated_ensemble(Ising, sweep, config)


class TestIsingObservables(AnalysisContract):
    """The contract of analyses, such as clear messages for one member, constant data and NaN."""

    plugin = IsingObservables
    config = {"blocks": 5, "resamples": 20}

    def inputs(self) -> dict[str, Any]:
        """Return the inputs that a project would connect."""
        return {"simulation": ensemble()}


def test_two_states_computed_by_hand() -> None:
    """m = ±1/2 and e = −1, −2 in turn, on 12 sites at T = 2."""
    found = observe(np.array([0.5, -0.5]), np.array([-1.0, -2.0]), 12, 2.0)
    np.testing.assert_allclose(found, [0.5, -1.5, 0.0, 12 * 0.25 / 4, 2 / 3])


def test_free_spins_have_the_susceptibility_of_curie() -> None:
    """N m²: a χ² of one degree of freedom, so N ⟨m²⟩ = 1, N ⟨|m|⟩² = 2/π, and U₄ = 0 up to 2/3N."""
    m = np.random.default_rng(1).choice([-1, 1], (20_000, 1000)).mean(axis=1)
    _, _, susceptibility, _, cumulant = observe(m, np.zeros(20_000), 1000, 4.0)
    assert susceptibility == pytest.approx((1 - 2 / np.pi) / 4, rel=0.03)
    assert cumulant == pytest.approx(0, abs=0.03)


def test_errors_are_standard_errors() -> None:
    """About 68 % of 40 energies, so 27, lie within one standard error of Kaufman's."""
    temperatures = np.linspace(2.6, 4.0, 40).tolist()
    config = {"size": [4, 6], "snapshots": 2000, "interval": 3, "equilibration": 20}
    table = measure(simulated_ensemble(Ising, {"temperature": temperatures}, config), 40, 200, np.random.default_rng(1))
    within = np.abs(table["energy"] - table["exact energy"]) < table["energy error"]
    assert 20 <= within.sum() <= 34


def test_members_of_one_point_count_together() -> None:
    found = IsingObservables(blocks=5, resamples=20).analyse(ensemble(), np.random.default_rng(1))
    points = found.tables["points"]
    assert points[["height", "width"]].drop_duplicates().to_numpy().tolist() == [[4, 6], [8, 12]]
    assert points[["members", "measurements", "independent"]].drop_duplicates().to_numpy().tolist() == [[2, 120, 10]]
    assert found.warnings == []
    assert 0.3 < found.metrics["energy, root mean square deviation"] < 3


def points(crossing: float, error: float = 0.01) -> pd.DataFrame:
    """Return cumulants that fall linearly, faster for larger sizes, and meet at `crossing`."""
    temperatures = np.arange(2.0, 2.6, 0.1)
    rows = [
        {
            "height": n,
            "width": n,
            "temperature": t,
            "Binder cumulant": 0.6 - n * (t - crossing) / 50,
            "Binder cumulant error": error,
        }
        for n in (8, 16, 32)
        for t in temperatures
    ]
    return pd.DataFrame(rows)


def test_crossing_of_straight_lines() -> None:
    """The lines meet at 2.25; halfway between two temperatures the error is σ √2 √(1/4 + 1/4) / slope."""
    found = find_crossings(points(2.25))
    assert found[["small", "large"]].to_numpy().tolist() == [["8 × 8", "16 × 16"], ["16 × 16", "32 × 32"]]
    np.testing.assert_allclose(found["temperature"], 2.25)
    np.testing.assert_allclose(found["error"], 0.01 / (np.array([8, 16]) / 50))


def test_a_crossing_by_chance_far_below_is_not_taken() -> None:
    table = points(2.35)
    for temperature, difference in ((2.0, 1e-4), (2.1, -1e-4)):
        here = np.isclose(table["temperature"], temperature)
        table.loc[here, "Binder cumulant"] = 0.6561
        table.loc[here & (table["height"] == 16), "Binder cumulant"] += difference
    assert find_crossings(table)["temperature"].iloc[0] == pytest.approx(2.35)


def test_sizes_that_never_cross_have_no_crossing() -> None:
    assert find_crossings(points(4.0)).empty


def test_few_blocks_are_reported() -> None:
    found = IsingObservables(blocks=4, resamples=20).analyse(ensemble().take([0, 4]), np.random.default_rng(1))
    assert found.warnings == [
        "2 of 2 points have fewer than 10 blocks, so their errors are too small: increase `blocks`"
    ]
    assert found.metrics["exact critical temperature"] == exact.T_C == pytest.approx(2.269185, abs=1e-6)


def test_a_table_without_temperature_is_refused() -> None:
    other = Ensemble.from_arrays([*ensemble().take([0])], {"coupling": [1.0]}, name="other")
    with pytest.raises(ValueError, match="the table of 'other' has no column 'temperature': sweep over it"):
        measure(other, 5, 20, np.random.default_rng(1))

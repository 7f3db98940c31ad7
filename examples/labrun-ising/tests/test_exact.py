"""The exact solutions agree with each other, and with an enumeration of all states of a small lattice."""

from __future__ import annotations

import numpy as np
import pytest

from labrun_ising import exact
from labrun_ising.enumeration import enumerate_states


@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (3, 3)])
@pytest.mark.parametrize("temperature", [1.5, 2.27, 4.0])
def test_kaufmans_energy_is_that_of_all_states(shape: tuple[int, int], temperature: float) -> None:
    wanted = enumerate_states(shape, temperature).energy
    assert exact.finite_energy(temperature, *shape) == pytest.approx(wanted, rel=1e-9)


def test_kaufmans_energy_of_a_large_lattice_is_onsagers() -> None:
    for temperature in (1.0, 1.8, 3.0):
        assert exact.finite_energy(temperature, 64, 96) == pytest.approx(float(exact.energy(temperature)), rel=1e-8)


def test_energy_at_the_critical_temperature_is_minus_root_two() -> None:
    np.testing.assert_allclose(exact.energy(exact.T_C + np.array([-1e-7, 1e-7])), -np.sqrt(2), atol=1e-5)


def test_specific_heat_is_the_slope_of_the_energy() -> None:
    t = np.array([1.0, 1.8, 2.5, 4.0])
    slope = (exact.energy(t + 1e-5) - exact.energy(t - 1e-5)) / 2e-5
    np.testing.assert_allclose(exact.specific_heat(t), slope, rtol=1e-6)


def test_yangs_magnetisation() -> None:
    """1 − 2 exp(−8/T) at low temperatures; exponent 1/8 just below T_c, and 0 above."""
    assert float(exact.magnetisation(0.5)) == pytest.approx(1 - 2 * np.exp(-8 / 0.5), abs=1e-9)
    near = exact.magnetisation(exact.T_C * (1 - np.array([1e-4, 1e-5])))
    assert np.log10(near[0] / near[1]) == pytest.approx(1 / 8, abs=1e-4)
    np.testing.assert_array_equal(exact.magnetisation(np.array([exact.T_C, 3.0])), 0)

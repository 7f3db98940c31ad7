"""The two-phase material: its melting line, which side is which, and how often labels lie on the other one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

import labrun_two_phase_material
from labrun.engine.members import simulate_member
from labrun_two_phase_material import TwoPhaseMaterial

WATER: dict[str, Any] = {"temperatures": (-10, 5), "reference_temperature": 0.0, "slope": -134.0}


def measured(seed=3, **options):
    arrays = simulate_member(TwoPhaseMaterial(**options), np.random.default_rng(seed))
    return arrays["temperature"], arrays["pressure"], arrays["phase"]


def message(**options):
    with pytest.raises(ValidationError) as error:
        TwoPhaseMaterial(**options)
    (fault,) = error.value.errors()
    return fault["msg"].removeprefix("Value error, ")


def test_the_line_goes_through_its_point_with_its_slope():
    material = TwoPhaseMaterial(reference_temperature=80, reference_pressure=3, slope=27)
    assert material.melting_pressure(80) == 3
    np.testing.assert_allclose(material.melting_pressure(np.array([79.0, 81.5])), [-24, 43.5])


def test_the_default_slope_is_that_of_benzene_by_clapeyron():
    enthalpy, temperature, volume, pascal_per_atm = 9870, 273.15 + 5.53, 10.3e-6, 101325
    slope = enthalpy / (temperature * volume) / pascal_per_atm
    assert TwoPhaseMaterial().slope == pytest.approx(slope, rel=0.01)


def test_at_width_0_the_line_parts_the_phases_and_liquid_is_below_a_rising_one():
    temperature, pressure, phase = measured(width=0, samples=5000)
    below = pressure <= 1 + 34 * (temperature - 5.53)
    np.testing.assert_array_equal(phase, below)
    assert 0.2 < phase.mean() < 0.8


def test_liquid_is_above_a_falling_line():
    temperature, pressure, phase = measured(**WATER, width=0, samples=5000)
    np.testing.assert_array_equal(phase, pressure >= 1 - 134 * temperature)
    assert 0.2 < phase.mean() < 0.8


@pytest.mark.parametrize("material", [{}, WATER])
def test_labels_are_logistic_across_the_line(material):
    temperature, pressure, phase = measured(**material, width=80, samples=200_000)
    at_line = TwoPhaseMaterial(**material).melting_pressure(temperature)
    towards_liquid = (at_line - pressure) if not material else (pressure - at_line)
    for distance in (-160, -80, 0, 80, 160):
        near = np.abs(towards_liquid - distance) < 4
        expected = 1 / (1 + np.exp(-distance / 80))
        spread = np.sqrt(expected * (1 - expected) / near.sum())
        assert near.sum() > 500
        assert phase[near].mean() == pytest.approx(expected, abs=4 * spread + 0.003)


def test_measurements_are_uniform_in_their_rectangle():
    temperature, pressure, phase = measured(temperatures=(-20, 5), pressures=(100, 300), samples=40_000)
    assert (temperature.dtype, pressure.dtype, phase.dtype) == (np.float64, np.float64, np.uint8)
    for values, low, high in ((temperature, -20, 5), (pressure, 100, 300)):
        counts, _ = np.histogram(values, bins=10, range=(low, high))
        assert counts.sum() == len(values) == 40_000
        np.testing.assert_allclose(counts, 4000, atol=5 * np.sqrt(4000))
    assert abs(np.corrcoef(temperature, pressure)[0, 1]) < 0.025


def test_the_width_changes_labels_alone_and_the_seed_everything():
    sharp, soft, other = measured(width=0), measured(width=200), measured(width=0, seed=4)
    np.testing.assert_array_equal(sharp[:2], soft[:2])
    assert (sharp[2] != soft[2]).any()
    assert not np.isin(other[0], sharp[0]).any()
    np.testing.assert_array_equal(measured(width=200)[2], soft[2])


def test_what_is_no_material_is_refused():
    assert message(temperatures=(40, 0)) == (
        "temperatures=[40, 0] is not a range: expected the lowest, at least -273.15 °C, then a higher one"
    )
    assert message(temperatures=(-300, 0)).startswith("temperatures=[-300, 0] is not a range")
    assert message(pressures=(5, 5)).startswith("pressures=[5, 5] is not a range: expected the lowest, at least 0 atm")
    assert message(slope=0) == (
        "slope=0 makes no melting line P(T): give dP/dT of the material [atm/K], 34 for benzene"
    )
    assert "greater than or equal to 0" in message(width=-1)


def test_it_runs_from_the_command_line(labrun_process, tmp_path):
    outcome = labrun_process("simulate", "two_phase_material", "samples=50", "pressures=[0, 200]", "--save", "m.npz")
    assert outcome.code == 0, outcome.err
    with np.load(tmp_path / "m.npz") as arrays:
        assert {name: arrays[name].shape for name in ("temperature", "pressure", "phase")} == {
            "temperature": (50,), "pressure": (50,), "phase": (50,)
        }  # fmt: skip


def test_the_hook_offers_it():
    assert labrun_two_phase_material.labrun_simulators() == [TwoPhaseMaterial]
    assert all(field.description for field in TwoPhaseMaterial.model_fields.values())

"""The 21-cm line of gas whose brightness is known."""

from __future__ import annotations

import numpy as np
import pytest

from labrun_reionization.brightness import (
    brightness_scale,
    brightness_temperature,
    neutral_fraction_of,
    velocity_gradient,
)
from labrun_reionization.cosmology import Cosmology

ORIGIN = Cosmology(0.68, 0.31, 0.048, 0.81, 0.97, 1.68)


def test_brightness_of_mean_gas_is_that_of_the_origin():
    assert brightness_scale(ORIGIN, 6.5) == pytest.approx(23.0824, abs=1e-4)


@pytest.mark.parametrize("periods", [(0, 0, 2), (3, 1, 0), (2, -1, 3)])
def test_the_gradient_of_a_plane_wave_is_its_share_along_the_line_of_sight(periods):
    cells = 16
    phase = 2 * np.pi / cells * sum(n * place for n, place in zip(periods, np.indices((cells,) * 3), strict=True))
    wave = np.cos(phase).astype(np.float32)
    share = periods[2] ** 2 / sum(n**2 for n in periods)
    np.testing.assert_allclose(velocity_gradient(wave, 0.9), -0.9 * share * wave, atol=1e-6)


def test_the_highest_mode_along_the_line_of_sight_has_no_velocity():
    wave = np.broadcast_to((-1.0) ** np.arange(16), (16, 16, 16)).astype(np.float32)
    np.testing.assert_array_equal(velocity_gradient(wave, 1.0), 0)
    assert np.abs(velocity_gradient(wave.transpose(2, 0, 1).copy(), 1.0)).max() == 0  # nor across it: k_z = 0


def test_a_steep_gradient_changes_the_brightness_by_a_quarter_at_most(rng):
    density = rng.uniform(-0.9, 4, (16, 16, 16)).astype(np.float32)
    neutral = np.ones_like(density)
    ratio = brightness_temperature(neutral, density, ORIGIN, 7.0, True) / brightness_temperature(
        neutral, density, ORIGIN, 7.0, False
    )
    assert ratio.max() == pytest.approx(1 / 0.8, rel=1e-6)
    assert ratio.min() == pytest.approx(1 / 1.2, rel=1e-6)


def test_ionized_gas_is_dark_and_bright_gas_follows_its_density(rng):
    density = rng.uniform(-0.5, 0.5, (8, 8, 8)).astype(np.float32)
    neutral = rng.integers(0, 2, density.shape).astype(np.float32)
    brightness = brightness_temperature(neutral, density, ORIGIN, 6.5, False)
    assert brightness.dtype == np.float32
    np.testing.assert_array_equal(brightness == 0, neutral == 0)
    np.testing.assert_allclose(brightness, 23.0824 * neutral * (1 + density), rtol=1e-5)


@pytest.mark.parametrize("redshift_space", [False, True])
def test_the_neutral_fraction_comes_back(rng, redshift_space):
    density = rng.uniform(-0.9, 3, (12, 12, 12)).astype(np.float32)
    neutral = rng.uniform(0, 1, density.shape).astype(np.float32)
    brightness = brightness_temperature(neutral, density, ORIGIN, 8.0, redshift_space)
    back = neutral_fraction_of(brightness, density, ORIGIN, 8.0, redshift_space)
    np.testing.assert_allclose(back, neutral, atol=1e-6)

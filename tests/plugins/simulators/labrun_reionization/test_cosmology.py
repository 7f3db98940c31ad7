"""The universe against limits that are known exactly, and against numbers of 21cmFAST."""

from __future__ import annotations

import numpy as np
import pytest

from labrun_reionization.cosmology import WAVENUMBERS, Cosmology, deviation_within, top_hat

PEER = Cosmology()
ORIGIN = Cosmology(0.68, 0.31, 0.048, 0.81, 0.97, 1.68)


def test_growth_of_matter_alone_goes_with_the_scale_factor():
    matter = Cosmology(matter=1.0, baryons=0.05)
    ratio = matter.growth(30) / matter.growth(9)
    assert ratio == pytest.approx(10 / 31, rel=1e-3)  # Ω_r slows it by some 10⁻³


def test_growth_today_is_one():
    assert PEER.growth(0) == pytest.approx(1, abs=5e-5)


def test_growth_rate_is_that_of_the_origins_cubes():
    assert ORIGIN.growth_rate(6.5) == pytest.approx(0.996508, abs=1e-6)


def test_expansion_today_is_hubbles_constant():
    megaparsec_in_km = 3.08567758e19
    assert PEER.expansion_rate(0) * megaparsec_in_km == pytest.approx(67.66, rel=1e-4)


def test_time_per_redshift_adds_up_to_the_age_of_a_universe_of_matter():
    matter = Cosmology(matter=1.0, baryons=0.05)
    redshifts = np.geomspace(1, 1e4, 4000) - 1
    age = np.trapezoid([matter.time_per_redshift(z) for z in redshifts], redshifts)
    assert age * matter.expansion_rate(0) == pytest.approx(2 / 3, rel=1e-4)


def test_deviation_in_spheres_of_8_over_h_is_sigma8():
    sigma = deviation_within(ORIGIN.power(WAVENUMBERS), np.array([8 / 0.68]))
    assert sigma[0] == pytest.approx(0.81, rel=1e-9)


def test_deviation_of_a_power_law_falls_as_it_must():
    sigma = deviation_within(WAVENUMBERS**-1.0, np.array([1.0, 2.0, 8.0]))
    np.testing.assert_allclose(sigma, sigma[0] / np.array([1, 2, 8]), rtol=1e-4)  # σ² ∝ R^−(n + 3)


def test_transfer_keeps_large_scales_and_falls_as_log_k_over_k_squared():
    assert PEER.transfer(np.array([1e-6]))[0] == pytest.approx(1, abs=1e-4)
    k = np.array([1e3, 2e3])
    assert np.diff(np.log(PEER.transfer(k)))[0] / np.log(2) == pytest.approx(-2, abs=0.15)


def test_baryons_suppress_small_scales():
    few, many = (Cosmology(baryons=share).transfer(np.array([1.0]))[0] for share in (0.02, 0.06))
    assert many < 0.85 * few


def test_top_hat_is_smooth_where_its_series_ends():
    x = np.array([0, 0.00999, 0.01001, 4.493409457909064])
    np.testing.assert_allclose(top_hat(x), [1, 1 - 0.00999**2 / 10, 1 - 0.01001**2 / 10, 0], atol=1e-9)


def test_mass_in_a_sphere():
    per_volume = 2.775e11 * 0.6766**2 * 0.30964144  # the critical density in the usual units
    assert PEER.mass_within(2) == pytest.approx(4 / 3 * np.pi * 8 * per_volume, rel=1e-3)


def test_virial_mass_is_larger_for_hotter_halos_and_neutral_gas():
    assert PEER.virial_mass(2e4, 8) == pytest.approx(2**1.5 * PEER.virial_mass(1e4, 8))
    assert PEER.virial_mass(9e3, 8) == pytest.approx((0.9 * 0.6 / 1.22) ** 1.5 * PEER.virial_mass(1e4, 8))
    assert PEER.virial_mass(1e4, 9) == pytest.approx(1e8, rel=0.1)  # R. Barkana and A. Loeb: 10⁴ K at z = 9 is 10⁸ M☉


def test_baryons_are_three_quarters_hydrogen():
    assert PEER.baryon_density() / PEER.hydrogen_density() == pytest.approx(1 + 0.06 / 0.76)
    assert PEER.hydrogen_density() == pytest.approx(1.9e-7, rel=0.05)

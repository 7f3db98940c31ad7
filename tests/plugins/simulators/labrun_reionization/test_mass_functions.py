"""How much has collapsed: against 21cmFAST's numbers, and integrals that are known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import erfc

from labrun_reionization.cosmology import Cosmology
from labrun_reionization.mass_functions import (
    barrier,
    deviations,
    mean_fraction,
    press_schechter_within,
    sheth_tormen_within,
)
from labrun_reionization.sources import ConstantSources, MassDependentSources

PEER = Cosmology()


def park(conditional: str = "sheth_tormen", **values: float) -> MassDependentSources:
    """Mass-dependent sources at z = 7."""
    defaults = {
        "escape_fraction": 0.1,
        "escape_slope": -0.5,
        "star_fraction": 0.05,
        "star_slope": 0.5,
        "turnover_mass": 5e8,
        "photons_per_baryon": 5000.0,
        "least_mass": 1e7,
    }
    return MassDependentSources(PEER, 7.0, conditional=conditional, **(defaults | values))


@pytest.mark.parametrize(
    ("redshift", "fraction"),
    [(6, 0.07616539), (7, 0.04736123), (8, 0.02825104), (9, 0.01615109), (10, 0.008842806), (12, 0.002322304)],
)
def test_mean_collapsed_fraction_is_that_of_21cmfast(redshift, fraction):
    assert mean_fraction(PEER, redshift, 10**8.7, np.ones_like) == pytest.approx(fraction, rel=2e-5)


def test_variance_falls_with_mass_as_its_slope_says():
    sigma = deviations(PEER)
    low, high = sigma.sigma_squared(0.99e10), sigma.sigma_squared(1.01e10)
    assert (low - high) / math.log(1.01 / 0.99) == pytest.approx(sigma.fall(1e10), rel=1e-4)


def test_extended_press_schechter_integrates_to_the_complementary_error_function():
    region, least, redshift = 1e13, 1e9, 7.0
    contrast = np.array([-0.5, 0.0, 0.7])
    mass = np.geomspace(least, region, 40001)[:-1]
    density = press_schechter_within(PEER, redshift, mass, region, contrast)
    sigma = deviations(PEER)
    s = sigma.sigma_squared(least) - sigma.sigma_squared(region)
    expected = erfc((1.686 - contrast) / (PEER.growth(redshift) * math.sqrt(2 * s)))
    np.testing.assert_allclose(np.trapezoid(density, np.log(mass)), expected, rtol=1e-5)


def test_the_barriers_series_is_exact_where_its_power_is_one(monkeypatch):
    """With c = 1 the barrier is linear in σ²; its crossing distribution is known: R. K. Sheth and G. Tormen 2002, eq. 4."""
    monkeypatch.setattr("labrun_reionization.mass_functions.BARRIER_POWER", 1.0)
    region, mass, contrast = 1e13, np.array([1e9, 1e10, 1e11]), np.array([0.2, -0.3])
    sigma, growth = deviations(PEER), PEER.growth(7)
    variance, start = sigma.sigma_squared(mass), sigma.sigma_squared(region)
    height = math.sqrt(0.73) * 1.686 / growth
    distance = height * (1 + 0.34 * start / height**2) - contrast[:, None] / growth  # from where the walk starts
    s = variance - start
    rising = distance + 0.34 / height * s
    expected = sigma.fall(mass) * distance * s**-1.5 * np.exp(-(rising**2) / (2 * s)) / math.sqrt(2 * math.pi)
    np.testing.assert_allclose(sheth_tormen_within(PEER, 7.0, mass, region, contrast), expected, rtol=1e-10)


def test_denser_regions_have_collapsed_further_up_to_the_barrier():
    table = park().within(3.0, -0.9, 4.0)
    assert (np.diff(table.values) > 0).all()
    assert table.collapsed == pytest.approx(0.99 * barrier(PEER, 7.0, PEER.mass_within(3.0)))
    assert table.start + table.step * (len(table.values) - 1) == pytest.approx(table.collapsed)


@pytest.mark.parametrize(("radius", "contrast"), [(1.0, -0.4), (1.0, 1.2), (20.0, 0.3)])
def test_constant_sources_follow_the_error_function(radius, contrast):
    table = ConstantSources(PEER, 7.0, 30.0, 5e8).within(radius, contrast, contrast + 0.1)
    sigma = deviations(PEER)
    s = sigma.sigma_squared(5e8) - sigma.sigma_squared(PEER.mass_within(radius))
    assert table.values[0] == pytest.approx(erfc((1.686 - contrast) / (PEER.growth(7) * math.sqrt(2 * s))))


def test_sources_of_one_weight_are_constant_sources():
    alike = park("press_schechter", escape_slope=0, star_slope=0, turnover_mass=1.0, least_mass=5e8)
    constant = ConstantSources(PEER, 7.0, 30.0, 5e8)
    one, other = (sources.within(5.0, -0.5, 1.0) for sources in (alike, constant))
    np.testing.assert_allclose(one.values, other.values, rtol=1e-4)
    assert alike.mean() == pytest.approx(constant.mean(), rel=1e-6)


def test_fractions_of_stars_and_photons_stop_at_one():
    sources = park(star_slope=1.0, escape_slope=0.0, turnover_mass=1e7)
    assert sources.weight(np.array([1e10]))[0] == pytest.approx(math.exp(-1e-3))
    assert sources.weight(np.array([1e14]))[0] == pytest.approx(1 / 0.05, rel=1e-6)


def test_a_table_of_one_contrast_can_be_made():
    table = park().within(3.0, 0.0, 0.0)
    assert table.step > 0
    assert np.isfinite(table.values).all()

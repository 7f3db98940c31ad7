"""Recombinations against limits that are known, and direct sums."""

from __future__ import annotations

import numpy as np
import pytest

from labrun_reionization.cosmology import Cosmology
from labrun_reionization.ionization import Ionization
from labrun_reionization.recombination import (
    BACKGROUNDS,
    REDSHIFTS,
    background,
    clump_distribution,
    neutral_share,
    rate_table,
    recombine,
    shielded,
)

PEER = Cosmology()
CLUMPS = np.exp(np.linspace(np.log(0.01), np.log(200), 20001))


@pytest.mark.parametrize("redshift", [3.0, 6.0, 10.5, 20.0])
def test_clumps_are_distributed_over_all_densities(redshift):
    clumps = np.exp(np.linspace(-15, 30, 40001))
    assert np.trapezoid(clump_distribution(clumps, redshift), clumps) == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize(("redshift", "amplitude"), [(2, 0.170), (3, 0.244), (4, 0.322), (6, 0.380)])
def test_the_distribution_has_the_amplitude_that_its_authors_give(redshift, amplitude):
    """Table 1 of J. Miralda-Escudé et al. 2000; the δ₀ there is 7.61 / (1 + z) to some per cent."""
    peak = clump_distribution(np.array([1e9]), redshift)[0] / 1e9 ** {2: -2.23, 3: -2.35, 4: -2.48, 6: -2.5}[redshift]
    offset, width = {2: 0.558, 3: 0.599, 4: 0.611, 6: 0.868}[redshift], 2 * 7.61 / (3 * (1 + redshift))
    assert peak == pytest.approx(amplitude * np.exp(-((offset / width) ** 2) / 2), rel=0.05)


def test_neutral_share_solves_the_balance():
    hydrogen, gamma = np.array([1e-5, 1e-4, 1e-2]), np.array([1e-4, 0.3, 1e-6])
    x = neutral_share(hydrogen, gamma)
    electrons = (1 + 1 / (4 / 0.24 - 3)) * hydrogen * (1 - x)
    np.testing.assert_allclose(gamma * 1e-12 * x, 2.59e-13 * electrons * (1 - x), rtol=1e-9)
    assert ((x > 0) & (x < 1)).all()


def test_dense_clumps_shield_themselves():
    clumps = np.array([1e-3, 26.7 * 0.7**-3, 1e6])
    inside = shielded(np.array([1.0]), clumps, 6.0) / 1.0
    np.testing.assert_allclose(inside, [1, 0.98 * 2**-2.28 + 0.02 * 2**-0.84, 0], atol=2e-4)


def test_a_strong_background_leaves_nothing_neutral():
    row = rate_table(PEER)[REDSHIFTS == 7.0][0]
    hydrogen = PEER.hydrogen_density() * 8**3
    ionized = hydrogen * 2.59e-13 * np.trapezoid(CLUMPS**2 * clump_distribution(CLUMPS, 7.0), CLUMPS)
    assert row[-1] == pytest.approx(ionized, rel=1e-3)
    assert (np.diff(row) > 0).all()


def test_background_is_that_of_the_formula():
    per_mpc = background(PEER, 7.0, 0.5)
    nuclei, rate = PEER.baryon_density(), PEER.expansion_rate(7.0)
    assert per_mpc == pytest.approx(64 * 3.08567758e24 * 6.3e-18 * 5 / 7.75 * nuclei * rate / 0.5 * 1e12)
    assert background(PEER, 7.0, 0.25) == pytest.approx(2 * per_mpc)


def test_cells_recombine_at_their_own_density_where_they_are_ionized():
    shape = (2, 3, 4)
    density = np.zeros(shape, np.float32)
    density[0, 0, 0] = (9 / 8) ** 3 - 1  # as the mean at z = 8, one redshift on
    rate = np.full(shape, np.exp(BACKGROUNDS[48]) / background(PEER, 7.0, 0.5), np.float32)
    rate[1, 2, 3] = 0
    neutral = np.where(rate > 0, 0, 1).astype(np.float32)
    result = recombine(Ionization(neutral, rate.ravel()), density, PEER, 7.0, 0.5, 0.5)
    table = rate_table(PEER)[:, 48]
    seconds = PEER.time_per_redshift(7.0) * 0.5
    assert result.shape == shape
    assert result[1, 2, 3] == 0
    assert result[0, 0, 0] == pytest.approx(table[REDSHIFTS == 8.0][0] * seconds, rel=1e-5)
    assert result[0, 0, 1] == pytest.approx(table[REDSHIFTS == 7.0][0] * seconds, rel=1e-5)


def test_next_to_no_background_lets_nothing_recombine():
    rate = np.full(8, np.exp(-10.5) / background(PEER, 7.0, 0.5), np.float32)
    density = np.zeros((2, 2, 2), np.float32)
    np.testing.assert_array_equal(recombine(Ionization(density, rate), density, PEER, 7.0, 0.5, 0.5), 0)

"""The excursion set against a direct version in double precision, and what must hold whatever the density."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import erfc

from labrun_reionization.cosmology import Cosmology, top_hat
from labrun_reionization.initial import draw_density, make_sky
from labrun_reionization.ionization import ionize
from labrun_reionization.kernels import mean_of_table
from labrun_reionization.mass_functions import deviations
from labrun_reionization.perturbation import evolve_density
from labrun_reionization.radii import radii_for
from labrun_reionization.sources import ConstantSources, MassDependentSources

PEER = Cosmology()
CELLS, BOX, REDSHIFT = 32, 64.0, 8.0


@pytest.fixture(scope="module")
def density():
    """A density that has grown from a Gaussian field."""
    rng = np.random.default_rng(3)
    return evolve_density(make_sky(draw_density(rng, 2 * CELLS, BOX, PEER), 2, BOX, "2lpt"), PEER, REDSHIFT)


def constant(efficiency: float = 30.0) -> ConstantSources:
    return ConstantSources(PEER, REDSHIFT, efficiency, 5e8)


def park(escape_fraction: float = 0.1) -> MassDependentSources:
    return MassDependentSources(PEER, REDSHIFT, escape_fraction, -0.5, 0.05, 0.5, 5e8, 5000.0, "sheth_tormen", 1e7)


def neutral(density, sources=None, largest=15.0, kind="sharp_k", recombined=None):
    return ionize(density, BOX, sources or constant(), largest, kind, recombined).neutral_fraction


def directly(density, efficiency, largest, kind, recombined=0.0):
    """The excursion set as the paper has it, by full transforms of a cube, in double precision."""
    k = 2 * np.pi * np.fft.fftfreq(CELLS, BOX / CELLS)
    k = np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + k**2)
    sigma, growth, mean = deviations(PEER), PEER.growth(REDSHIFT), constant().mean()
    result = np.ones(density.shape)
    radii = radii_for(CELLS, BOX, largest)
    recombined = np.broadcast_to(recombined, density.shape)
    for radius in radii:
        windows = {"sharp_k": k * radius * 0.413566994 <= 1, "gaussian": np.exp(-((0.643 * k * radius) ** 2) / 2)}
        weights = 1 if radius == radii[-1] else {**windows, "top_hat": top_hat(k * radius)}[kind]
        contrast, n_rec = (np.fft.ifftn(np.fft.fftn(a.astype(float)) * weights).real for a in (density, recombined))
        s = sigma.sigma_squared(5e8) - sigma.sigma_squared(PEER.mass_within(radius))
        fraction = np.minimum(erfc((1.686 - contrast) / (growth * np.sqrt(2 * s))), 1)
        photons = efficiency * fraction * mean / fraction.mean()
        result[photons > 1 + n_rec / (1 + contrast)] = 0
    return np.where(result > 0, np.clip(1 - photons, 0, 1), 0)


@pytest.mark.parametrize("kind", ["sharp_k", "top_hat", "gaussian"])
def test_it_equals_the_direct_version(density, kind):
    expected = directly(density, 30.0, 15.0, kind)
    found = neutral(density, kind=kind)
    assert np.mean((found == 0) == (expected == 0)) >= 0.9999
    np.testing.assert_allclose(found.mean(dtype=float), expected.mean(), atol=1e-4)
    assert 0.2 < found.mean() < 0.8  # there is something to agree on


def test_with_recombinations_it_equals_the_direct_version(density):
    recombined = 0.5 * (1 + density)
    expected = directly(density, 45.0, 15.0, "sharp_k", recombined)
    found = neutral(density, constant(45.0), recombined=recombined)
    assert np.mean((found == 0) == (expected == 0)) >= 0.9999
    assert found.mean(dtype=float) == pytest.approx(expected.mean(), abs=1e-4)
    assert found.mean() > neutral(density, constant(45.0)).mean() + 0.1


def test_photoionization_is_told_where_a_cell_is_ionized(density):
    ionization = ionize(density, BOX, constant(), 15.0, "sharp_k", np.zeros_like(density))
    rate = ionization.photoionization.reshape(density.shape)
    np.testing.assert_array_equal(rate > 0, ionization.neutral_fraction == 0)
    radii = np.array(radii_for(CELLS, BOX, 15.0))
    assert rate[rate > 0].min() >= radii.min()  # R ζ f, with ζ f > 1
    np.testing.assert_array_equal(ionization.neutral_fraction, neutral(density))


def test_photons_are_those_of_the_whole_universe_on_every_scale(density):
    for sources in (constant(), park()):
        for radius in (1.5, 4.0, 12.0):
            table = sources.within(radius, float(density.min()), float(density.max()))
            contrast = density.ravel()
            scaled = np.interp(
                contrast, table.start + table.step * np.arange(len(table.values)), table.values * sources.mean()
            ) / mean_of_table(table, contrast)
            scaled[contrast > table.collapsed] = table.plateau * sources.mean() / mean_of_table(table, contrast)
            assert scaled.mean() == pytest.approx(sources.mean(), rel=1e-5)


def test_more_photons_leave_less_neutral_everywhere(density):
    for sources in (constant, park):
        values = (10.0, 20.0, 40.0) if sources is constant else (0.03, 0.1, 0.3)
        cubes = [neutral(density, sources(value)) for value in values]
        for less, more in pairwise(cubes):
            assert (more <= less).all()
            assert more.mean() < less.mean()


def test_without_photons_all_is_neutral(density):
    np.testing.assert_array_equal(neutral(density, constant(0.0)), 1)
    assert neutral(density, park(1e-9)).min() > 0.9999
    assert neutral(density, constant(1e-6)).min() > 0.9999


def test_with_very_many_photons_all_is_ionized(density):
    np.testing.assert_array_equal(neutral(density, constant(1000.0)), 0)


def test_a_uniform_universe_is_ionized_alike():
    uniform = np.zeros((16, 16, 16), np.float32)
    sources = constant(20.0)
    np.testing.assert_allclose(neutral(uniform, sources), 1 - 20 * sources.mean(), rtol=1e-5)


@pytest.mark.parametrize("shift", [(5, 0, 0), (0, -9, 0), (0, 0, 16), (3, 7, -11)])
def test_a_rolled_density_is_ionized_at_rolled_places(density, shift):
    rolled = neutral(np.roll(density, shift, (0, 1, 2)))
    expected = np.roll(neutral(density), shift, (0, 1, 2))
    assert np.mean((rolled == 0) == (expected == 0)) >= 0.9999  # transforms round otherwise
    assert rolled.mean(dtype=float) == pytest.approx(expected.mean(dtype=float), abs=1e-4)


def test_axes_are_alike(density):
    turned = neutral(np.ascontiguousarray(density.transpose(2, 0, 1)))
    assert np.mean((turned == 0) == (neutral(density).transpose(2, 0, 1) == 0)) >= 0.9999


def test_a_region_across_a_seam_is_as_one_in_the_middle():
    x, y, z = np.indices((CELLS,) * 3)
    lump = np.exp(-((x - 16) ** 2 + (y - 16) ** 2 + (z - 16) ** 2) / 18).astype(np.float32)
    lump -= lump.mean()
    middle = neutral(lump)
    seam = neutral(np.roll(lump, (16, 16, 16), (0, 1, 2)))
    np.testing.assert_array_equal(np.roll(seam, (16, 16, 16), (0, 1, 2)) == 0, middle == 0)
    assert 50 < np.count_nonzero(middle == 0) < CELLS**3 / 2


def test_larger_spheres_only_ionize_more(density):
    small, large = neutral(density, largest=4.0), neutral(density, largest=20.0)
    assert (large <= small).all()
    assert large.mean() < small.mean()


def test_the_density_is_left_as_it_was(density):
    before = density.copy()
    neutral(density, recombined=np.zeros_like(density))
    np.testing.assert_array_equal(density, before)


def test_radii_step_up_from_the_cell_and_leave_the_largest_out():
    radii = radii_for(200, 300.0, 15.0)
    assert len(radii) == 30
    assert radii[-1] == pytest.approx(0.620350491 * 1.5)
    assert radii[0] == pytest.approx(radii[-1] * 1.1**29)
    assert radii[0] < 15.0 < radii[0] * 1.1


def test_radii_stop_at_the_box_and_at_the_least():
    assert radii_for(8, 12.0, 1000.0)[0] <= 0.620350491 * 12
    assert radii_for(64, 32.0, 15.0)[-1] == 0.620350491
    assert radii_for(8, 12.0, 0.1) == [pytest.approx(0.620350491 * 1.5)]

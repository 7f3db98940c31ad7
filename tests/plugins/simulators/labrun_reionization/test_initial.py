"""The initial field and how matter moves: known spectra, plane waves that are displaced exactly, and a mass that is conserved."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from labrun_lattices.spectra import log_bins, power_spectrum
from labrun_reionization.cosmology import Cosmology
from labrun_reionization.initial import Sky, draw_density, make_sky
from labrun_reionization.perturbation import evolve_density

PEER = Cosmology()
CELLS, BOX = 32, 64.0


class WhiteNoise(Cosmology):
    """A universe in which P(k) is 7 Mpc³."""

    def power(self, k):
        return np.full_like(k, 7.0)


def plane_wave(cells: int, box: float, periods: tuple[int, int, int], amplitude: float) -> np.ndarray:
    """amplitude × cos(k x) on a grid."""
    phase = 2 * np.pi / cells * sum(n * place for n, place in zip(periods, np.indices((cells,) * 3), strict=True))
    return (amplitude * np.cos(phase)).astype(np.float32)


def test_the_field_has_the_linear_power_spectrum(rng):
    edges = log_bins(64, 128.0, 6)
    powers = [power_spectrum(draw_density(rng, 64, 128.0, PEER), 2.0, edges) for _ in range(6)]
    k = powers[0].k
    modes = powers[0].modes * 6
    measured = np.mean([spectrum.power for spectrum in powers], axis=0)
    expected = np.array([_mean_power_in(low, high) for low, high in pairwise(edges)])
    assert (np.abs(measured / expected - 1) < 5 * np.sqrt(2 / modes) + 0.02).all(), (k, measured / expected)


def _mean_power_in(low: float, high: float) -> float:
    """Mean of P over the modes of a 64³ grid in a bin."""
    k = 2 * np.pi * np.fft.fftfreq(64, 2.0)
    size = np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + k**2)
    return float(PEER.power(size[(size >= low) & (size < high)]).mean())


def test_white_noise_has_a_variance_that_grows_as_k_cubed(rng):
    spectrum = power_spectrum(draw_density(rng, 48, 96.0, WhiteNoise()), 2.0, log_bins(48, 96.0, 8))
    slope = np.polyfit(np.log(spectrum.k), np.log(spectrum.dimensionless), 1, w=np.sqrt(spectrum.modes))[0]
    assert slope == pytest.approx(3, abs=0.05)
    assert np.average(spectrum.power, weights=spectrum.modes) == pytest.approx(7, rel=0.02)


def test_the_field_has_no_mean_and_another_generator_gives_another(rng):
    one, other = draw_density(rng, 16, 32.0, PEER), draw_density(rng, 16, 32.0, PEER)
    assert abs(one.mean(dtype=float)) < 1e-6
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.5


@pytest.mark.parametrize("periods", [(2, 0, 0), (0, 3, 0), (1, -2, 3)])
def test_a_plane_wave_is_displaced_along_its_wavevector(periods):
    """ψ = −k/k² sin(k x) × amplitude where δ = cos(k x): ∇ψ = −δ."""
    sky = make_sky(plane_wave(CELLS, BOX, periods, 0.5), 1, BOX, "2lpt")
    k = 2 * np.pi / BOX * np.array(periods)
    phase = 2 * np.pi / CELLS * sum(n * place for n, place in zip(periods, np.indices((CELLS,) * 3), strict=True))
    for component, along in zip(sky.first, k, strict=True):
        np.testing.assert_allclose(component, -0.5 * along / (k @ k) * np.sin(phase), atol=1e-5)
    for component in sky.second:
        np.testing.assert_allclose(component, 0, atol=1e-5)  # one plane wave collapses as Zel'dovich says


def test_two_crossed_waves_have_the_second_order_of_a_product():
    """δ = a cos(k x) + b cos(q y): S = φ_xx φ_yy = a b cos(k x) cos(q y), ψ₂ = −∇⁻¹ S."""
    sky = make_sky(plane_wave(CELLS, BOX, (1, 0, 0), 0.5) + plane_wave(CELLS, BOX, (0, 2, 0), 0.8), 1, BOX, "2lpt")
    x, y, _ = np.indices((CELLS,) * 3) * (2 * np.pi / CELLS)
    k = 2 * np.pi / BOX
    total = k**2 * (1 + 4)
    np.testing.assert_allclose(sky.second[0], -0.4 * k / total * np.sin(x) * np.cos(2 * y), atol=1e-5)
    np.testing.assert_allclose(sky.second[1], -0.4 * 2 * k / total * np.cos(x) * np.sin(2 * y), atol=1e-5)
    np.testing.assert_allclose(sky.second[2], 0, atol=1e-5)


@pytest.mark.parametrize("dynamics", ["zeldovich", "2lpt"])
@pytest.mark.parametrize("fine", [1, 2, 3])
def test_mass_is_conserved(rng, dynamics, fine):
    density = evolve_density(make_sky(draw_density(rng, 16 * fine, 24.0, PEER), fine, 24.0, dynamics), PEER, 8.0)
    assert density.shape == (16, 16, 16)
    assert density.dtype == np.float32
    assert density.mean(dtype=float) == pytest.approx(0, abs=1e-5)
    assert density.min() >= -1


@pytest.mark.parametrize(("dynamics", "tolerance"), [("linear", 1e-6), ("zeldovich", 0.03), ("2lpt", 0.03)])
def test_power_on_large_scales_grows_as_the_square_of_growth(rng, dynamics, tolerance):
    sky = make_sky(draw_density(rng, 64, 600.0, PEER), 2, 600.0, dynamics)
    edges = np.array([2 * np.pi / 600 * 0.999, 4.5 * 2 * np.pi / 600])
    late, early = (power_spectrum(evolve_density(sky, PEER, z), 600 / 32, edges).power[0] for z in (6.0, 12.0))
    assert late / early == pytest.approx((PEER.growth(6) / PEER.growth(12)) ** 2, rel=tolerance)


def test_linear_density_is_smoothed_and_sampled():
    wave = plane_wave(2 * CELLS, BOX, (3, 0, 0), 0.5)
    density = evolve_density(make_sky(wave, 2, BOX, "linear"), PEER, 9.0)
    x = 2 * np.pi * 3 / BOX * 0.620350491 * BOX / CELLS
    expected = PEER.growth(9) * wave[::2, ::2, ::2] * 3 * (np.sin(x) - x * np.cos(x)) / x**3
    np.testing.assert_allclose(density, expected, atol=1e-6)


@pytest.mark.parametrize("fine", [1, 2])
def test_matter_displaced_by_whole_cells_lies_elsewhere(rng, fine):
    """The same displacement everywhere, (2, −1, 5) cells, rolls the density: to the right along each axis, and round the seams."""
    cells = 12
    density = rng.standard_normal((cells * fine,) * 3).astype(np.float32)
    still, moved = (
        evolve_density(
            Sky(24.0, density, tuple(np.full((cells,) * 3, np.float32(2.0 * by)) for by in distance)),
            _Growing(),
            0.0,
        )
        for distance in ((0, 0, 0), (2, -1, 5))
    )
    np.testing.assert_allclose(moved, np.roll(still, (2, -1, 5), (0, 1, 2)), atol=1e-4)


class _Growing(Cosmology):
    """D = 1.25 today and 0.25 at z = 300: displacements count once."""

    def growth(self, redshift):
        return 0.25 if redshift == 300 else 1.25


def test_a_fine_cell_is_shared_out_among_the_cells_about_it():
    contrast = np.zeros((8, 8, 8), np.float32)
    contrast[3, 0, 0] = 4.0  # at cell 1.5 along the first axis: half to cell 1, half to cell 2
    sky = Sky(8.0, contrast, tuple(np.zeros((4, 4, 4), np.float32) for _ in range(3)))
    density = evolve_density(sky, _Growing(), 0.0)
    np.testing.assert_allclose(density[:, 0, 0], [0, 0.25 * 4 / 8 / 2, 0.25 * 4 / 8 / 2, 0], atol=1e-7)
    assert np.count_nonzero(np.abs(density) > 1e-7) == 2

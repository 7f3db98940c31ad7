from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from labrun_lattices.spectra import cross_correlation, cylindrical_power, log_bins, power_spectrum

REAL_CUBE = (
    Path(__file__).parents[5] / "shared/data/twentyone_cm/joelle_ESC_FRAC_0.070_RNG_150"
    "/delta_T_v3_z006.50_nf0.362545_useTs0_200_300Mpc"
)
"""A cube of 21cmFAST, 200³ cells of 1.5 Mpc, which is not part of the repository."""


def direct_power(field, cell_size, edges):
    """P(k) by the definition: all modes, one after the other."""
    places = np.stack(np.meshgrid(*(np.arange(n) for n in field.shape), indexing="ij"), axis=-1)
    numbers = np.stack(np.meshgrid(*(np.fft.fftfreq(n) for n in field.shape), indexing="ij"), axis=-1)
    volume = field.size * cell_size**field.ndim
    found = [[] for _ in edges[1:]]
    for m in np.ndindex(field.shape):
        wave = 2 * np.pi * numbers[m]  # a cell
        k = np.linalg.norm(wave) / cell_size
        delta = (field * np.exp(-1j * places @ wave)).mean()
        for i in np.flatnonzero((edges[:-1] <= k) & (k < edges[1:])) if any(m) else ():
            found[i].append((k, volume * abs(delta) ** 2))
    return np.array([np.mean(one, axis=0) for one in found]), [len(one) for one in found]


@pytest.mark.parametrize("shape", [(9,), (6, 9), (5, 8), (4, 6, 5), (5, 4, 6)])
def test_power_is_that_of_all_modes_one_after_the_other(rng, shape):
    field = rng.normal(3.0, 1.0, shape)
    edges = np.array([0.0, 1.6, 2.6, 9.0])
    spectrum = power_spectrum(field, 0.8, edges)
    expected, modes = direct_power(field, 0.8, edges)
    np.testing.assert_allclose(np.stack([spectrum.k, spectrum.power], axis=1), expected, rtol=1e-12)
    assert spectrum.modes.tolist() == modes
    assert spectrum.modes.sum() == field.size - 1


def test_a_plane_wave_has_all_of_its_power_at_its_wave_number():
    """A cos(k·x) has ⟨δ²⟩ = A²/2, on two modes of A²/4 each; the mean of the field does not count."""
    x, y = np.meshgrid(1.5 * np.arange(40), 1.5 * np.arange(24), indexing="ij")
    wave = 2 * np.pi * np.array([3 / 60, 2 / 36])
    k = np.linalg.norm(wave)
    field = 7.0 + 2.0 * np.cos(wave[0] * x + wave[1] * y + 0.3)
    edges = np.array([0.01, k * 0.98, k * 1.02, 2.0])
    spectrum = power_spectrum(field, 1.5, edges)
    assert spectrum.power[1] * spectrum.modes[1] == pytest.approx(2 * 60 * 36 * 2.0**2 / 4)
    assert spectrum.power[[0, 2]] == pytest.approx(0, abs=1e-20)
    assert spectrum.k[1] == pytest.approx(k, rel=0.02)
    assert spectrum.dimensionless[1] == pytest.approx(spectrum.k[1] ** 2 * spectrum.power[1] / (2 * np.pi))


def test_white_noise_has_one_power_at_all_wave_numbers_and_the_sum_of_all_is_its_variance(rng):
    """P = σ² × volume of a cell, so that Δ² ∝ k³; Parseval: Σ P / V = ⟨δ²⟩ - ⟨δ⟩²."""
    noise = rng.normal(5.0, 2.0, (64, 48, 56)).astype(np.float32)
    everything = power_spectrum(noise, 1.5, np.array([0.0, 100.0]))
    assert everything.power * everything.modes / (noise.size * 1.5**3) == pytest.approx(noise.var(), rel=1e-5)
    spectrum = power_spectrum(noise, 1.5, log_bins(64, 96, 8))
    error = 1 / np.sqrt(spectrum.modes / 2)
    assert np.abs(spectrum.power / (4 * 1.5**3) - 1).max() < 3.5 * error.max()
    assert (np.abs(spectrum.power / (4 * 1.5**3) - 1) < 4 * error).all()
    np.testing.assert_allclose(spectrum.dimensionless, spectrum.k**3 * spectrum.power / (2 * np.pi**2), rtol=1e-12)
    slope = np.polyfit(np.log(spectrum.k), np.log(spectrum.dimensionless), 1, w=np.sqrt(spectrum.modes))[0]
    assert slope == pytest.approx(3, abs=0.05)


def test_bins_reach_from_the_longest_wave_of_the_box_to_the_shortest_along_an_axis():
    edges = log_bins(200, 300.0, 14)
    assert (edges[0], edges[-1]) == pytest.approx((0.999 * 2 * np.pi / 300, np.pi / 1.5))
    np.testing.assert_allclose(edges[1:] / edges[:-1], (100 / 0.999) ** (1 / 14))


def test_longest_and_shortest_wave_lie_in_the_outer_bins():
    x = np.arange(16)
    for field, modes in ((np.cos(2 * np.pi * x / 16), [2, 0, 0]), (np.cos(np.pi * x), [0, 0, 1])):
        spectrum = power_spectrum(field, 1.0, log_bins(16, 16.0, 3))
        power = np.nan_to_num(spectrum.power) * spectrum.modes
        assert np.flatnonzero(power > 1e-9).tolist() == np.flatnonzero(modes).tolist()


def test_a_bin_without_modes_has_no_power():
    spectrum = power_spectrum(np.arange(8.0), 1.0, np.array([0.1, 0.2, 0.9]))
    assert spectrum.modes.tolist() == [0, 2]
    assert np.isnan([spectrum.k[0], spectrum.power[0], spectrum.dimensionless[0]]).all()


def test_fields_that_are_equal_opposite_or_independent(rng):
    a, b = rng.normal(1.0, 1.0, (2, 40, 32, 36))
    edges = log_bins(40, 40.0, 5)
    for other, expected in ((3 * a + 2, 1.0), (-a, -1.0)):
        k, r = cross_correlation(a, other, 1.0, edges)
        np.testing.assert_allclose(r, expected, rtol=1e-9)
    modes = power_spectrum(a, 1.0, edges).modes
    _, r = cross_correlation(a, b, 1.0, edges)
    assert (np.abs(r) < 4 / np.sqrt(modes / 2)).all()
    _, r = cross_correlation(a, a + b, 1.0, edges)  # half of the variance is shared
    assert r[-1] == pytest.approx(1 / np.sqrt(2), abs=0.02)
    np.testing.assert_allclose(k, power_spectrum(a, 1.0, edges).k)


def test_a_field_without_power_correlates_with_nothing():
    _, r = cross_correlation(np.ones((4, 6)), np.arange(24.0).reshape(4, 6), 1.0, np.array([0.5, 4.0]))
    assert np.isnan(r).all()


def test_cross_power_of_a_field_that_was_moved_turns_over_at_half_a_wave(rng):
    x = np.arange(24)
    wave, moved = np.cos(2 * np.pi * x / 12), np.cos(2 * np.pi * (x - 6) / 12)
    edges = np.array([0.4, 0.6])
    assert power_spectrum(wave, 1.0, edges, moved).power == pytest.approx(-power_spectrum(wave, 1.0, edges).power)
    with pytest.raises(ValueError, match=r"two fields must have the same shape, but they have \(24,\) and \(12,\)"):
        power_spectrum(wave, 1.0, edges, moved[:12])


def test_cylindrical_power_parts_waves_across_from_waves_along_the_last_axis(rng):
    across, along = np.array([0.0, 0.3, 0.6, 9.0]), np.array([0.0, 0.2, 0.5, 0.9, 9.0])
    z = np.arange(20)
    field = np.broadcast_to(np.cos(2 * np.pi * 2 * z / 20), (12, 8, 20))
    spectrum = cylindrical_power(field, 1.0, across, along)
    total = spectrum.power * spectrum.modes
    assert np.argwhere(total > 1e-9).tolist() == [[0, 2]]
    assert total[0, 2] == pytest.approx(field.size / 2)
    noise = rng.normal(size=(12, 8, 20))
    spectrum = cylindrical_power(noise, 1.0, across, along)
    assert spectrum.modes.sum() == noise.size - 1
    assert np.nansum(spectrum.power * spectrum.modes) / noise.size == pytest.approx(noise.var())
    some = spectrum.modes > 0
    assert np.array_equal(some, np.isfinite(spectrum.power))
    assert ((spectrum.k_along >= along[:-1]) & (spectrum.k_along <= along[1:]))[some].all()
    assert ((spectrum.k_across >= across[:-1, None]) & (spectrum.k_across <= across[1:, None]))[some].all()


@pytest.mark.skipif(
    not REAL_CUBE.exists(), reason="needs the cubes in shared/data, which are not part of the repository"
)
def test_the_real_cube_has_the_spectrum_that_others_measured():
    """The cube of z = 6.5 in notes of 14 bins, three digits."""
    cube = np.fromfile(REAL_CUBE, "<f4").reshape(200, 200, 200)
    spectrum = power_spectrum(cube, 1.5, log_bins(200, 300.0, 14))
    expected = [0.22, 2.24, 6.45, 7.26, 9.60, 12.2, 12.4, 12.5, 11.4, 10.6, 9.98, 9.59, 10.1, 12.8]
    np.testing.assert_allclose(spectrum.dimensionless, expected, rtol=0.005)
    k = [0.0209, 0.0323, 0.0483, 0.0676, 0.0945, 0.1318, 0.1826, 0.2534, 0.3531, 0.4913, 0.6829, 0.9491, 1.3188, 1.8323]
    np.testing.assert_allclose(spectrum.k, k, atol=6e-5)

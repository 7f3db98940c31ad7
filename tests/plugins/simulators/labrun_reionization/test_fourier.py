"""Smoothing and derivatives against plain transforms and plane waves, on cubes whose axes differ."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft

from labrun_reionization.cosmology import top_hat
from labrun_reionization.fourier import inverse, smooth, wavenumbers, weighted, window

CELLS, BOX = 24, 36.0


@pytest.fixture
def cube(rng):
    """Noise, with more along the first axis than along the last."""
    noise = rng.standard_normal((CELLS, CELLS, CELLS))
    return (noise + np.roll(noise, 1, 0) + np.arange(CELLS)[:, None] / 9).astype(np.float32)


def directly_smoothed(cube, radius, kind):
    """The same by full transforms in double precision."""
    k = 2 * np.pi * np.fft.fftfreq(CELLS, BOX / CELLS)
    x = np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + k**2) * radius
    windows = {"sharp_k": x * 0.413566994 <= 1, "gaussian": np.exp(-((0.643 * x) ** 2) / 2), "top_hat": top_hat(x)}
    return np.fft.ifftn(np.fft.fftn(cube.astype(float)) * windows[kind]).real


@pytest.mark.parametrize("kind", ["sharp_k", "gaussian", "top_hat"])
@pytest.mark.parametrize("radius", [0.93, 1.2, 2.0, 3.7, 12.0, 40.0])
def test_smoothing_equals_that_by_full_transforms(cube, kind, radius):
    smoothed = smooth(scipy.fft.rfftn(cube), BOX, radius, kind)
    assert smoothed.dtype == np.float32
    np.testing.assert_allclose(smoothed, directly_smoothed(cube, radius, kind), atol=2e-6)


def test_smoothing_leaves_the_modes_as_they_were(cube):
    modes = scipy.fft.rfftn(cube)
    before = modes.copy()
    smooth(modes, BOX, 0.5, "top_hat")
    np.testing.assert_array_equal(modes, before)


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 1), (1, 2), (2, 2)])
def test_periods_along_an_axis_multiply_a_plane_wave(axes):
    periods = (3, -5, 2)
    x = np.indices((CELLS,) * 3)
    wave = np.cos(2 * np.pi / CELLS * sum(n * place for n, place in zip(periods, x, strict=True)))
    weights = np.ones(3 * (CELLS // 2) ** 2 + 1)
    factor = np.prod([periods[axis] for axis in axes])
    shifted = wave if len(axes) == 2 else None
    result = weighted(scipy.fft.rfftn(wave.astype(np.float32)), weights if len(axes) == 2 else 1j * weights, axes)
    if shifted is None:
        shifted = -np.sin(2 * np.pi / CELLS * sum(n * place for n, place in zip(periods, x, strict=True)))
    np.testing.assert_allclose(inverse(result), factor * shifted, atol=2e-5)


def test_wavenumbers_of_periods():
    k = wavenumbers(4, BOX)
    assert len(k) == 49
    assert k[3**2 + 2**2 + 1**2] == pytest.approx(2 * np.pi / BOX * np.sqrt(14))


@pytest.mark.parametrize("kind", ["sharp_k", "gaussian", "top_hat"])
def test_windows_keep_the_mean(kind):
    assert window(kind, np.zeros(1))[0] == 1

"""The brightness temperature of the 21-cm line relative to the microwave background, if the gas is much hotter.

    δT_b = C(z) x_HI (1 + δ) / (1 + g),   g = (dv_z/dz) / H, clipped to ±0.2
    C(z) = 27 mK (Ω_b h²/0.023) √(0.15/(Ω_m h²) (1 + z)/10)
    g_k = −(k_z²/k²) f δ_k,   f = (dD/dt) / (D H)

S. R. Furlanetto, S. P. Oh and F. H. Briggs, Phys. Rep. 433, 181 (2006); A. Mesinger, S. Furlanetto and R. Cen, MNRAS 411, 955 (2011).
Saturated: the spin temperature is assumed to be far above that of the background, which is wrong before X-rays have heated the gas. v_z is
the velocity along the line of sight, the last axis. It has no modes of N/2 periods along that axis, which would not be real.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.fft

from labrun_reionization.cosmology import Cosmology
from labrun_reionization.fourier import Cube, inverse, weighted

LARGEST_GRADIENT = 0.2
"""Largest |g|"""


def brightness_scale(cosmology: Cosmology, redshift: float) -> float:
    """Return C(z), the brightness of neutral gas of mean density [mK]."""
    baryons, matter = (share * cosmology.hubble**2 for share in (cosmology.baryons, cosmology.matter))
    return 27 * baryons / 0.023 * math.sqrt(0.15 / matter * (1 + redshift) / 10)


def brightness_temperature(
    neutral_fraction: Cube, density: Cube, cosmology: Cosmology, redshift: float, redshift_space: bool
) -> Cube:
    """Return δT_b, (N, N, N) [mK], from neutral fraction and density contrast; with g = 0 unless `redshift_space`."""
    return neutral_fraction * _brightness_of_neutral(density, cosmology, redshift, redshift_space)


def neutral_fraction_of(
    brightness: Cube, density: Cube, cosmology: Cosmology, redshift: float, redshift_space: bool
) -> Cube:
    """Return x_HI, (N, N, N), from δT_b [mK] and the density contrast: the inverse of `brightness_temperature`."""
    return brightness / _brightness_of_neutral(density, cosmology, redshift, redshift_space)


def _brightness_of_neutral(density: Cube, cosmology: Cosmology, redshift: float, redshift_space: bool) -> Cube:
    brightness = np.float32(brightness_scale(cosmology, redshift)) * (1 + density)
    if redshift_space:
        gradient = velocity_gradient(density, cosmology.growth_rate(redshift))
        brightness /= 1 + np.clip(gradient, -LARGEST_GRADIENT, LARGEST_GRADIENT)
    return brightness


def velocity_gradient(density: Cube, growth_rate: float) -> Cube:
    """Return g = (dv_z/dz) / H along the last axis, (N, N, N), dimensionless, not clipped.

    Args:
        growth_rate: f.
    """
    cells = len(density)
    squares = np.arange(3 * (cells // 2) ** 2 + 1)
    modes = weighted(scipy.fft.rfftn(density), -growth_rate / np.maximum(squares, 1), (2, 2))
    modes[:, :, cells // 2] = 0
    return inverse(modes)

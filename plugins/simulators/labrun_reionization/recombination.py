"""Recombinations of ionized gas in unresolved clumps: E. Sobacchi and A. Mesinger, MNRAS 440, 1662 (2014).

Per mean baryon and time, in a cell of density contrast δ at z_eff = (1 + z) (1 + δ)^(1/3) − 1:

    dn_rec/dt = n_H ∫ Δ² P(Δ) α_B (1 − x_HI)² dΔ,   0.01 < Δ < 200
    P(Δ) = A exp(−[(Δ^−2/3 − C₀) / (2 δ₀/3)]² / 2) Δ^β,   δ₀ = 7.61 / (1 + z)

P: J. Miralda-Escudé, M. Haehnelt and M. J. Rees, ApJ 530, 1 (2000), table 1. x_HI follows from the balance of ionization and recombination
at 10⁴ K in clumps that shield themselves (A. Rahmati et al., MNRAS 430, 2427 (2013), eq. A1 with Δ_ss of eq. 13):

    Γ/Γ_12 = 0.98 (1 + (Δ/Δ_ss)^1.64)^−2.28 + 0.02 (1 + Δ/Δ_ss)^−0.84,   Δ_ss = 26.7 ((1 + z)/10)^−3 Γ_12^(2/3)

and the ionizing background in a cell first ionized by a sphere of radius R is

    Γ_12 = (1 + z)² R σ_HI a/(a + 2.75) n_b ζ f H/t_* / 10⁻¹² s⁻¹,   a = 5
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.ndimage import map_coordinates

from labrun_reionization.cosmology import CM_PER_MPC, HELIUM, Cosmology
from labrun_reionization.fourier import Cube
from labrun_reionization.ionization import Ionization
from labrun_reionization.mass_functions import quadrature

CROSS_SECTION = 6.3e-18
"""σ_HI, cross section of hydrogen at its ionization threshold [cm²]"""
BACKGROUND_SLOPE = 5.0
"""a, slope of the spectrum of the ionizing background"""
COEFFICIENT = 2.59e-13
"""α_B, recombination coefficient, case B at 10⁴ K [cm³/s]"""
OFFSETS = (0.558, 0.599, 0.611, 0.769, 0.868, 0.930, 0.964, 0.983, 0.993, 0.998, 0.999, 1.0)
"""C₀ at z = 2 … 13."""
SLOPES = (-2.23, -2.35, -2.48, -2.49, -2.50)
"""β at z = 2 … 6."""
REDSHIFTS = np.arange(0, 60.1, 0.5)
BACKGROUNDS = np.arange(-10, 12.1, 0.25)
"""ln Γ_12; recombinations below are neglected"""
FIRST_STEP = 0.02
"""Duration of recombinations before the first redshift z of a history, in units of 1 + z"""


def background(cosmology: Cosmology, redshift: float, star_time: float) -> float:
    """Return Γ_12 / (R ζ f) [1/Mpc].

    Args:
        star_time: t_*, time in which stars form [1/H].
    """
    per_length = (1 + redshift) ** 2 * CROSS_SECTION * BACKGROUND_SLOPE / (BACKGROUND_SLOPE + 2.75)
    per_time = cosmology.baryon_density() * cosmology.expansion_rate(redshift) / star_time
    return per_length * CM_PER_MPC * per_time / 1e-12


def recombine(
    ionization: Ionization, density: Cube, cosmology: Cosmology, redshift: float, step: float, star_time: float
) -> Cube:
    """Return the recombinations per mean baryon, (N, N, N), in a `step` of redshift that ends at `redshift`."""
    cells = ionization.photoionization > 0
    result = np.zeros(density.size, np.float32)
    logarithm = np.log(background(cosmology, redshift, star_time) * ionization.photoionization[cells])
    effective = (1 + redshift) * np.cbrt(1 + density.ravel()[cells]) - 1
    places = [
        (effective - REDSHIFTS[0]) / (REDSHIFTS[1] - REDSHIFTS[0]),
        (logarithm - BACKGROUNDS[0]) / (BACKGROUNDS[1] - BACKGROUNDS[0]),
    ]
    rates = map_coordinates(rate_table(cosmology), places, order=1, mode="nearest")
    rates *= logarithm > BACKGROUNDS[0]
    ionized = 1 - ionization.neutral_fraction.ravel()[cells]
    result[cells] = rates * ionized * cosmology.time_per_redshift(redshift) * step
    return result.reshape(density.shape)


@lru_cache(maxsize=1)
def rate_table(cosmology: Cosmology) -> NDArray[np.float64]:
    """Return dn_rec/dt at `REDSHIFTS` and `BACKGROUNDS`, (redshifts, backgrounds) [1/s]."""
    nodes, weights = quadrature(100)
    low, high = math.log(0.01), math.log(200)
    clumps = np.exp(low + (high - low) * nodes)
    gamma = np.exp(BACKGROUNDS)[:, None]
    return np.array(
        [
            _rate_of_clumps(clumps, gamma, redshift, cosmology) @ (weights * (high - low) * clumps)
            for redshift in REDSHIFTS
        ]
    )


def _rate_of_clumps(
    clumps: NDArray[Any], gamma: NDArray[Any], redshift: float, cosmology: Cosmology
) -> NDArray[np.float64]:
    """Return the integrand, (backgrounds, clumps), for Δ: `clumps` and Γ_12: `gamma`, (backgrounds, 1)."""
    hydrogen = cosmology.hydrogen_density() * (1 + redshift) ** 3
    neutral = neutral_share(clumps * hydrogen, shielded(gamma, clumps, redshift))
    return hydrogen * clumps**2 * clump_distribution(clumps, redshift) * COEFFICIENT * (1 - neutral) ** 2


def shielded(gamma: NDArray[Any], clumps: NDArray[Any], redshift: float) -> NDArray[np.float64]:
    """Return Γ_12 within clumps that shield themselves against a background Γ_12."""
    ratio = clumps / (26.7 * ((1 + redshift) / 10) ** -3 * gamma ** (2 / 3))
    return gamma * (0.98 * (1 + ratio**1.64) ** -2.28 + 0.02 * (1 + ratio) ** -0.84)


def neutral_share(hydrogen: NDArray[Any], gamma: NDArray[Any]) -> NDArray[np.float64]:
    """Return x_HI from Γ x = α_B n_e (1 − x), n_e = (1 + helium) n_H (1 − x): the root below 1 of x² − (2 + q) x + 1 = 0.

    Args:
        hydrogen: n_H [1/cm³].
        gamma: Γ_12.
    """
    electrons_of_helium = 1 / (4 / HELIUM - 3)
    q = gamma * 1e-12 / ((1 + electrons_of_helium) * hydrogen * COEFFICIENT)
    return 2 / (2 + q + np.sqrt(q * (q + 4)))  # the form of the root without a subtraction


def clump_distribution(clumps: NDArray[Any], redshift: float) -> NDArray[np.float64]:
    """Return P(Δ), normalised over all Δ > 0."""
    grid = np.exp(np.linspace(-20, 40, 6001))
    amplitude = 1 / np.trapezoid(_clump_shape(grid, redshift) * grid, np.log(grid))
    return amplitude * _clump_shape(clumps, redshift)


def _clump_shape(clumps: NDArray[Any], redshift: float) -> NDArray[np.float64]:
    offset = CubicSpline(np.arange(2, 14), OFFSETS, bc_type="natural")(np.clip(redshift, 2, 13))
    slope = CubicSpline(np.arange(2, 7), SLOPES, bc_type="natural")(np.clip(redshift, 2, 6))
    width = 2 * 7.61 / (3 * (1 + redshift))
    return np.exp(-(((clumps ** (-2 / 3) - offset) / width) ** 2) / 2) * clumps**slope

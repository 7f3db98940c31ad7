"""The share of mass in halos: on average, and within a region of known density.

With σ(M), the deviation of the linear density today in spheres of mass M, D(z) and δ_c:

    R. K. Sheth and G. Tormen, MNRAS 308, 119 (1999), with the fit of A. Jenkins et al., MNRAS 321, 372 (2001):
        dF/dlnM = −dlnσ/dlnM √(2/π) A (1 + ν^−2p) ν exp(−ν²/2),   ν = √a δ_c / (σ D),   A, a, p = 0.353, 0.73, 0.175

Within a region of mass M_R and density contrast δ (F is then a share of the region's mass, s = σ² − σ_R²):

    extended Press-Schechter (J. R. Bond et al., ApJ 379, 440 (1991)):
        dF/dlnM = −dσ²/dlnM (δ_c − δ)/D s^−3/2 exp(−((δ_c − δ)/D)² / 2s) / √2π
    R. K. Sheth and G. Tormen, MNRAS 329, 61 (2002), eq. 7, with a barrier that rises with σ,
        B = √a δ_c/D (1 + b (σ² D² / a δ_c²)^c),   a, b, c = 0.73, 0.34, 0.81
        dF/dlnM = −dσ²/dlnM T s^−3/2 exp(−(B − δ/D)² / 2s) / √2π,   T = Σ_n≤5 (−s)^n/n! ∂^n(B − δ/D)/∂(σ²)^n
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from labrun_reionization.cosmology import WAVENUMBERS, Cosmology, deviation_within

AMPLITUDE, SHARPNESS, POWER = 0.353, 0.73, 0.175
"""A, a, p of the unconditional mass function"""
BARRIER_FACTOR, BARRIER_POWER = 0.34, 0.81
"""b, c of the barrier"""
LARGEST_MASS = 1e16
"""Upper end of integrals over the mass of halos [M☉]"""
TERMS = 6
"""Terms of the barrier's Taylor series"""


@dataclass(frozen=True)
class Deviations:
    """σ(M) and −dσ²/dlnM of the linear density today."""

    variance: CubicSpline
    """ln σ² against ln M."""

    def sigma_squared(self, mass: Any) -> Any:
        """Return σ² in spheres of this mass [M☉]."""
        return np.exp(self.variance(np.log(mass)))

    def fall(self, mass: Any) -> Any:
        """Return −dσ²/dlnM."""
        return -self.sigma_squared(mass) * self.variance(np.log(mass), 1)


@lru_cache(maxsize=2)
def deviations(cosmology: Cosmology) -> Deviations:
    """Return σ(M) from 10⁵ to 10¹⁸ M☉, beyond the masses of boxes and halos, by a spline through 160 masses."""
    masses = np.geomspace(1e5, 1e18, 160)
    radii = np.cbrt(masses / cosmology.mass_within(1))
    sigma = deviation_within(cosmology.power(WAVENUMBERS), radii)
    return Deviations(CubicSpline(np.log(masses), 2 * np.log(sigma)))


def sheth_tormen(cosmology: Cosmology, redshift: float, mass: NDArray[Any]) -> NDArray[Any]:
    """Return dF/dlnM of halos of these masses [M☉], averaged over the universe."""
    sigma = deviations(cosmology)
    variance = sigma.sigma_squared(mass)
    nu = math.sqrt(SHARPNESS) * cosmology.critical_overdensity / (np.sqrt(variance) * cosmology.growth(redshift))
    shape = (1 + nu ** (-2 * POWER)) * nu * np.exp(-(nu**2) / 2)
    return sigma.fall(mass) / (2 * variance) * math.sqrt(2 / math.pi) * AMPLITUDE * shape


def mean_fraction(
    cosmology: Cosmology, redshift: float, least: float, weight: Callable[[NDArray[Any]], NDArray[Any]]
) -> float:
    """Return ∫ w(M) dF/dlnM dlnM over the Sheth-Tormen function, from the mass `least` [M☉] on."""
    nodes, weights = quadrature(400)
    span = math.log(LARGEST_MASS / least)
    mass = least * np.exp(span * nodes)
    return float(span * np.sum(weights * weight(mass) * sheth_tormen(cosmology, redshift, mass)))


@lru_cache(maxsize=4)
def quadrature(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return nodes and weights, (count,), of Gauss-Legendre quadrature from 0 to 1. They are cached, being slower than most integrals."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1) / 2, weights / 2


def press_schechter_within(
    cosmology: Cosmology, redshift: float, mass: NDArray[Any], region: float, contrast: NDArray[Any]
) -> NDArray[Any]:
    """Return dF/dlnM in regions of mass `region` [M☉]: (contrasts, masses), for density contrasts δ and masses of halos."""
    sigma = deviations(cosmology)
    s = sigma.sigma_squared(mass) - sigma.sigma_squared(region)
    distance = (cosmology.critical_overdensity - contrast[:, None]) / cosmology.growth(redshift)
    return sigma.fall(mass) * distance * s**-1.5 * np.exp(-(distance**2) / (2 * s)) / math.sqrt(2 * math.pi)


def sheth_tormen_within(
    cosmology: Cosmology, redshift: float, mass: NDArray[Any], region: float, contrast: NDArray[Any]
) -> NDArray[Any]:
    """Return dF/dlnM in regions of mass `region` [M☉]: (contrasts, masses), for density contrasts δ and masses of halos."""
    sigma = deviations(cosmology)
    variance = sigma.sigma_squared(mass)
    s = variance - sigma.sigma_squared(region)
    height = math.sqrt(SHARPNESS) * cosmology.critical_overdensity / cosmology.growth(redshift)
    rise = BARRIER_FACTOR * (variance / height**2) ** BARRIER_POWER
    linear = contrast[:, None] / cosmology.growth(redshift)
    taylor = height * (1 + rise * _falling_series(s / variance)) - linear
    distance = height * (1 + rise) - linear
    # the series is negative only where almost nothing collapses
    return sigma.fall(mass) * taylor * s**-1.5 * np.exp(-(distance**2) / (2 * s)) / math.sqrt(2 * math.pi)


def barrier(cosmology: Cosmology, redshift: float, region: float) -> float:
    """Return B D at the mass of the region [M☉], the density contrast at which it has collapsed as a whole."""
    height = math.sqrt(SHARPNESS) * cosmology.critical_overdensity
    variance = float(deviations(cosmology).sigma_squared(region)) * cosmology.growth(redshift) ** 2
    return height * (1 + BARRIER_FACTOR * (variance / height**2) ** BARRIER_POWER)


def _falling_series(share: NDArray[Any]) -> NDArray[Any]:
    """Return Σ_n (−s/σ²)^n c (c−1) … (c−n+1) / n!, the Taylor series of (1 − s/σ²)^c."""
    term, total = np.ones_like(share), np.ones_like(share)
    for n in range(1, TERMS):
        term = term * -share * (BARRIER_POWER - n + 1) / n
        total = total + term
    return total

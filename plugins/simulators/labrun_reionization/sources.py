"""Sources of ionizing photons: the number per baryon from the halos of a region, by its mass and density contrast.

A region is ionized if ζ f > 1 + recombinations per baryon. For both kinds of sources f is normalised, on each scale, to its mean
over the universe (R. Barkana and A. Loeb, ApJ 609, 474 (2004)):  f(δ, R) = f_conditional(δ, R) f_mean / ⟨f_conditional⟩.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.special import erfc

from labrun_reionization.cosmology import Cosmology
from labrun_reionization.mass_functions import (
    barrier,
    deviations,
    mean_fraction,
    press_schechter_within,
    quadrature,
    sheth_tormen_within,
)

ENTRIES = 8000
"""Entries of a table over all contrasts that occur"""
NODES = 160
"""Contrasts at which the mass-dependent integral is computed, with a spline between them"""
COLLAPSED = 0.99
"""Share of the barrier at which a region counts as collapsed as a whole, as in 21cmFAST"""


class Table(NamedTuple):
    """f against the density contrast δ: `values` at `start` + i `step`, and `plateau` above the contrast `collapsed`."""

    start: np.float32
    step: np.float32
    values: NDArray[np.float32]
    collapsed: np.float32
    plateau: np.float32

    def least_contrast(self, share: float) -> float:
        """Return a contrast below which f is at most `share`."""
        above = np.flatnonzero(self.values > share)
        return float(self.start + (above[0] - 2) * self.step) if len(above) else float(self.collapsed)


def tabulate(contrasts: NDArray[Any], values: NDArray[Any], collapsed: float, plateau: float) -> Table:
    """Make a table in single precision of values at evenly spaced contrasts."""
    step = (contrasts[-1] - contrasts[0]) / (len(contrasts) - 1)
    single = values.astype(np.float32)
    return Table(np.float32(contrasts[0]), np.float32(step), single, np.float32(collapsed), np.float32(plateau))


class Sources(Protocol):
    """Sources at one redshift, as the excursion set uses them."""

    @property
    def efficiency(self) -> float:
        """ζ, ionizing photons per collapsed baryon"""

    def mean(self) -> float:
        """f_mean, the (weighted) collapsed fraction of the universe."""

    def within(self, radius: float, lowest: float, highest: float) -> Table:
        """f_conditional in spheres of this radius [Mpc], for contrasts from `lowest` to `highest`."""


@dataclass(frozen=True)
class ConstantSources:
    """Halos above a least mass, all with the same ζ: S. R. Furlanetto et al., ApJ 613, 1 (2004).

    f_conditional = erfc((δ_c − δ) / (D √(2 (σ²_min − σ_R²)))), and 1 if δ > δ_c; δ is the evolved contrast, as in 21cmFAST.
    """

    cosmology: Cosmology
    redshift: float
    efficiency: float
    least_mass: float

    def mean(self) -> float:
        """Share of mass in halos above the least mass."""
        return mean_fraction(self.cosmology, self.redshift, self.least_mass, np.ones_like)

    def within(self, radius: float, lowest: float, highest: float) -> Table:
        """The same in spheres of this radius [Mpc]."""
        sigma = deviations(self.cosmology)
        region = self.cosmology.mass_within(radius)
        s = float(sigma.sigma_squared(self.least_mass) - sigma.sigma_squared(region))
        critical = self.cosmology.critical_overdensity
        contrasts = np.linspace(lowest, max(highest, lowest + 1e-6), ENTRIES)
        values = erfc((critical - contrasts) / (self.cosmology.growth(self.redshift) * math.sqrt(2 * s)))
        return tabulate(contrasts, np.minimum(values, 1), critical, 1.0)


@dataclass(frozen=True)
class MassDependentSources:
    """Galaxies whose stars and escaping photons follow power laws of the halo's mass: J. Park et al., MNRAS 484, 933 (2019).

    w(M) = min(f_* (M/10¹⁰)^α_*, 1)/f_*  min(f_esc (M/10¹⁰)^α_esc, 1)/f_esc  exp(−M_turn/M);  ζ = N_γ f_* f_esc;
    f_conditional = ∫ w dF/dlnM dlnM.
    """

    cosmology: Cosmology
    redshift: float
    escape_fraction: float
    escape_slope: float
    star_fraction: float
    star_slope: float
    turnover_mass: float
    photons_per_baryon: float
    conditional: Literal["sheth_tormen", "press_schechter"]
    least_mass: float
    """Lower end of integrals over the mass [M☉]: halos that far below the turnover contribute nothing"""

    @property
    def efficiency(self) -> float:
        """ζ."""
        return self.photons_per_baryon * self.star_fraction * self.escape_fraction

    def weight(self, mass: NDArray[Any]) -> NDArray[Any]:
        """Return w(M), photons of a halo of this mass [M☉] per baryon, in units of ζ."""
        stars, escaping = (
            np.minimum(fraction * (mass / 1e10) ** slope, 1) / fraction
            for fraction, slope in (
                (self.star_fraction, self.star_slope),
                (self.escape_fraction, self.escape_slope),
            )
        )
        return stars * escaping * np.exp(-self.turnover_mass / mass)

    def mean(self) -> float:
        """∫ w dF/dlnM dlnM over the universe."""
        return mean_fraction(self.cosmology, self.redshift, self.least_mass, self.weight)

    def within(self, radius: float, lowest: float, highest: float) -> Table:
        """The same in spheres of this radius [Mpc]."""
        region = self.cosmology.mass_within(radius)
        collapsed = COLLAPSED * self._barrier(region)
        top = max(min(highest, collapsed), lowest + 1e-6)
        nodes = np.linspace(lowest, top, NODES)
        contrasts = np.linspace(lowest, top, ENTRIES)
        values = CubicSpline(nodes, self._integral(region, nodes))(contrasts)
        return tabulate(contrasts, values, collapsed, float(self.weight(np.array(region))))

    def _barrier(self, region: float) -> float:
        if self.conditional == "press_schechter":
            return self.cosmology.critical_overdensity
        return barrier(self.cosmology, self.redshift, region)

    def _integral(self, region: float, contrast: NDArray[Any]) -> NDArray[Any]:
        # Near its upper end, the mass of the region, the integrand is steep if the contrast is close to the barrier. ln M = ln M_R
        # − range u³ puts the nodes there.
        u, weights = quadrature(80)
        span = math.log(region / self.least_mass)
        mass = region * np.exp(-span * u**3)
        within = press_schechter_within if self.conditional == "press_schechter" else sheth_tormen_within
        density = within(self.cosmology, self.redshift, mass, region, contrast)
        return density @ (self.weight(mass) * span * 3 * u**2 * weights)

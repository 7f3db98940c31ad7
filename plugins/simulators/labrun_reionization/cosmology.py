"""The expanding universe: its rate of expansion, the growth of structure, and the power spectrum of density.

    H(z) = H₀ √(Ω_m (1+z)³ + Ω_r (1+z)⁴ + 1 − Ω_m)
    D(z) = g(Ω_m(z)) / (g(Ω_m) (1+z)),   g(Ω) = 5/2 Ω / (1/70 + Ω (209 − Ω)/140 + Ω^(4/7))
    P(k) = A k^n T(k)²,   A from σ₈

g: S. M. Carroll et al., ARA&A 30, 499 (1992), in the form of A. R. Liddle et al., MNRAS 282, 281 (1996). T: the fit of D. J. Eisenstein
and W. Hu, ApJ 511, 5 (1999), without massive neutrinos: baryons suppress small scales, acoustic wiggles are left out. All lengths are
comoving [Mpc], without h; masses are in M☉, times in s. The constants are those of 21cmFAST 4.1.1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

CM_PER_MPC = 3.08567758e24
SOLAR_MASS = 1.989e33
"""[g]"""
PROTON_MASS = 1.67262192369e-24
"""[g]"""
GRAVITY = 6.6743e-8
"""Newton's constant [cm³/g/s²]"""
HUBBLE_100 = 3.2407e-18
"""100 km/s/Mpc [1/s]"""
CMB_TEMPERATURE = 2.7255
"""Temperature of the microwave background today [K]"""
RADIATION = 8.6e-5
"""Ω_r, share of radiation in the critical density today."""
HELIUM = 0.24
"""Y, share of helium in the mass of baryons."""
WAVENUMBERS = np.geomspace(1e-6, 2e5, 8000)
"""Nodes of integrals over k [1/Mpc]"""


@dataclass(frozen=True)
class Cosmology:
    """A flat universe with a cosmological constant; the fields are as in the plugin's configuration."""

    hubble: float = 0.6766
    matter: float = 0.30964144
    baryons: float = 0.04897468
    sigma8: float = 0.8102
    spectral_index: float = 0.9665
    critical_overdensity: float = 1.686

    def expansion_rate(self, redshift: float) -> float:
        """H(z) [1/s]."""
        a = 1 + redshift
        return HUBBLE_100 * self.hubble * math.sqrt(self.matter * a**3 + RADIATION * a**4 + 1 - self.matter)

    def matter_share(self, redshift: float) -> float:
        """Ω_m(z), share of matter in the critical density."""
        return self.matter * (1 + redshift) ** 3 * (HUBBLE_100 * self.hubble / self.expansion_rate(redshift)) ** 2

    def growth(self, redshift: float) -> float:
        """D(z), linear density contrast relative to today; D(0) = 1 apart from radiation."""
        return _growth_share(self.matter_share(redshift)) / (_growth_share(self.matter) * (1 + redshift))

    def time_per_redshift(self, redshift: float) -> float:
        """|dt/dz| [s], without radiation."""
        a = 1 + redshift
        return 1 / (HUBBLE_100 * self.hubble * a * math.sqrt(self.matter * a**3 + 1 - self.matter))

    def growth_rate(self, redshift: float) -> float:
        """f = (dD/dt) / (D H), dimensionless; dt/dz without radiation and H with it, as in 21cmFAST."""
        step = 1e-4
        slope = (self.growth(redshift - step) - self.growth(redshift + step)) / (2 * step)
        per_time = slope / self.time_per_redshift(redshift)
        return per_time / (self.growth(redshift) * self.expansion_rate(redshift))

    @property
    def critical_density(self) -> float:
        """Critical density today [M☉/Mpc³]."""
        in_grams = 3 * (HUBBLE_100 * self.hubble) ** 2 / (8 * math.pi * GRAVITY)
        return in_grams * CM_PER_MPC**3 / SOLAR_MASS

    def mass_within(self, radius: float) -> float:
        """Mean mass in a sphere of this radius [Mpc], in M☉."""
        return 4 / 3 * math.pi * radius**3 * self.matter * self.critical_density

    def virial_mass(self, temperature: float, redshift: float) -> float:
        """Mass [M☉] of a halo of this virial temperature [K]: R. Barkana and A. Loeb, Phys. Rep. 349, 125 (2001), eq. 26.

        The gas is ionized (μ = 0.6) from 10⁴ K on, otherwise neutral (1.22). Its overdensity is that of G. L. Bryan and M. L. Norman,
        ApJ 495, 80 (1998).
        """
        mean_weight = 0.6 if temperature >= 9.99999e3 else 1.22
        d = self.matter_share(redshift) - 1
        overdensity = 18 * math.pi**2 + 82 * d - 39 * d**2
        share = (d + 1) / (self.matter * overdensity)
        return 7030.97 / self.hubble * math.sqrt(share) * (temperature / (mean_weight * (1 + redshift))) ** 1.5

    def hydrogen_density(self) -> float:
        """Mean number density of hydrogen nuclei today [1/cm³]."""
        return self.baryon_mass_density() * (1 - HELIUM) / PROTON_MASS

    def baryon_density(self) -> float:
        """Mean number density of hydrogen and helium nuclei today [1/cm³]."""
        return self.baryon_mass_density() * (1 - HELIUM + HELIUM / 4) / PROTON_MASS

    def baryon_mass_density(self) -> float:
        """Mean mass density of baryons today [g/cm³]."""
        return self.baryons * self.critical_density * SOLAR_MASS / CM_PER_MPC**3

    def transfer(self, k: NDArray[Any]) -> NDArray[Any]:
        """T(k), 1 at k → 0: Eisenstein and Hu 1999, eqs. 1 to 24, of wavenumbers k [1/Mpc]."""
        theta = CMB_TEMPERATURE / 2.7
        sound_horizon, alpha, beta = _transfer_constants(self.hubble, self.matter, self.baryons)
        q = k * theta**2 / (self.matter * self.hubble**2)
        shape = math.sqrt(alpha) + (1 - math.sqrt(alpha)) / (1 + (0.43 * k * sound_horizon) ** 4)
        q_effective = q / shape
        logarithm = np.log(math.e + 1.84 * beta * math.sqrt(alpha) * q_effective)
        return logarithm / (logarithm + q_effective**2 * (14.4 + 325 / (1 + 60.5 * q_effective**1.11)))

    def power(self, k: NDArray[Any]) -> NDArray[Any]:
        """P(k) of the linear density today [Mpc³], of wavenumbers k > 0 [1/Mpc]."""
        return self._amplitude * k**self.spectral_index * self.transfer(k) ** 2

    @cached_property
    def _amplitude(self) -> float:
        shape = WAVENUMBERS**self.spectral_index * self.transfer(WAVENUMBERS) ** 2
        return float((self.sigma8 / deviation_within(shape, np.array([8 / self.hubble]))[0]) ** 2)


def deviation_within(power: NDArray[Any], radii: NDArray[Any]) -> NDArray[Any]:
    """σ(R), standard deviation of the mean density contrast in spheres of these radii [Mpc].

        σ² = ∫ dk/k  k³ P(k) / 2π²  W²(kR),   W(x) = 3 (sin x − x cos x) / x³

    Args:
        power: P at `WAVENUMBERS`, (wavenumbers,) [Mpc³].
    """
    weights = WAVENUMBERS**3 * power / (2 * np.pi**2)
    logarithms = np.log(WAVENUMBERS)
    return np.sqrt([np.trapezoid(weights * top_hat(WAVENUMBERS * radius) ** 2, logarithms) for radius in radii])


def top_hat(x: NDArray[Any]) -> NDArray[Any]:
    """W(x) = 3 (sin x − x cos x) / x³, the Fourier transform of a sphere; by its series 1 − x²/10 where x is small."""
    x = np.asarray(x)
    small = x < 1e-2
    safe = np.where(small, 1, x)
    return np.where(small, 1 - x**2 / 10, 3 * (np.sin(safe) - safe * np.cos(safe)) / safe**3)


def _growth_share(matter: float) -> float:
    return 2.5 * matter / (1 / 70 + matter * (209 - matter) / 140 + matter ** (4 / 7))


@lru_cache(maxsize=8)
def _transfer_constants(hubble: float, matter: float, baryons: float) -> tuple[float, float, float]:
    """Sound horizon [Mpc], α_ν and β_c of Eisenstein and Hu 1999, eqs. 1 to 4, 11 to 15 and 21."""
    theta = CMB_TEMPERATURE / 2.7
    m, b = matter * hubble**2, baryons * hubble**2
    equality, wavenumber = 25000 * m * theta**-4 - 1, 0.0746 * m / theta**2
    drag = 1 + 0.313 * m**-0.419 * (1 + 0.607 * m**0.674) * b ** (0.238 * m**0.223)
    drag *= 1291 * m**0.251 / (1 + 0.659 * m**0.828)
    r_drag, r_equality = (31.5 * b * theta**-4 * 1000 / (1 + z) for z in (drag, equality))
    ratio = (math.sqrt(1 + r_drag) + math.sqrt(r_drag + r_equality)) / (1 + math.sqrt(r_equality))
    sound_horizon = 2 / (3 * wavenumber) * math.sqrt(6 / r_equality) * math.log(ratio)

    share = baryons / matter
    cold, all_matter = (-(5 - math.sqrt(1 + 24 * part)) / 4 for part in (1 - share, 1))
    drag_ratio = (1 + equality) / (1 + drag)
    alpha = (1 - share) * (2 * (cold + all_matter) + 5) / (4 * all_matter + 5)
    alpha *= (1 - 0.553 * share + 0.126 * share**3) * (1 + drag_ratio) ** (cold - all_matter)
    alpha *= 1 + (all_matter - cold) / 2 * (1 + 1 / ((4 * cold + 3) * (4 * all_matter + 7))) / (1 + drag_ratio)
    return sound_horizon, alpha, 1 / (1 - 0.949 * share)

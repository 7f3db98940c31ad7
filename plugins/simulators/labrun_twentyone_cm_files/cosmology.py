"""Redshift of a comoving distance, in the cosmology that 21cmFAST takes from astropy (Planck 2015 and 2018, with its own h and Ω_m).

    D(z) = c/H₀ ∫₀ᶻ dz'/E(z'),   E² = Ω_m (1+z)³ + Ω_γ (1 + ν(z)) (1+z)⁴ + Ω_Λ,   flat

ν(z) is the energy of three kinds of neutrinos over that of the photons, one of them with a mass of 0.06 eV (Komatsu et al. 2011, ApJS 192,
18, eq. 26). Without neutrinos a light cone at z = 7.5 would be off by 0.05 in z, or five planes of 3 Mpc.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import constants
from scipy.integrate import cumulative_simpson

CMB_TEMPERATURE = 2.7255
"""[K]"""
NEUTRINO_KINDS, NEUTRINO_MASS = 3.046, 0.06
"""Effective number; mass of the massive one [eV]"""
NEUTRINO_TEMPERATURE = 0.7137658555036082 * CMB_TEMPERATURE
"""(4/11)^(1/3) T_CMB, [K]"""
MEGAPARSEC = 1e6 * constants.parsec
HIGHEST = 60.0
STEPS = 2**14


def redshifts_at(distances: NDArray[np.float64], h: float, matter: float) -> NDArray[np.float64]:
    """Return redshifts at comoving distances [Mpc], for H₀ = 100 h km/s/Mpc and Ω_m = `matter`.

    Raises:
        ValueError: a distance is beyond z = 60, or negative.
    """
    growth = np.linspace(0, np.log1p(HIGHEST), STEPS + 1)  # even steps of ln(1 + z), since E changes with it
    z = np.expm1(growth)
    hubble_length = constants.c / (1e5 * h)  # c/H₀ [Mpc], for H₀ = 1e5 h m/s/Mpc
    reach = hubble_length * cumulative_simpson((1 + z) / _expansion(z, h, matter), x=growth, initial=0)
    if not ((distances >= 0) & (distances <= reach[-1])).all():
        raise ValueError(
            f"distances from {distances.min():g} to {distances.max():g} Mpc: expected 0 to {reach[-1]:g}, z = {HIGHEST:g}"
        )
    return np.interp(distances, reach, z)


def _expansion(z: NDArray[np.float64], h: float, matter: float) -> NDArray[np.float64]:
    """Return E(z) = H(z)/H₀."""
    critical = 3 * (1e5 * h / MEGAPARSEC) ** 2 / (8 * constants.pi * constants.G)
    photons = 4 * constants.sigma * CMB_TEMPERATURE**4 / constants.c**3 / critical
    rest = 1 - matter - photons * (1 + _neutrinos(np.zeros(1))[0])
    return np.sqrt(matter * (1 + z) ** 3 + photons * (1 + _neutrinos(z)) * (1 + z) ** 4 + rest)


def _neutrinos(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ν(z), the energy of the neutrinos over that of the photons."""
    mass = NEUTRINO_MASS / (constants.k / constants.e * NEUTRINO_TEMPERATURE * (1 + z))
    heavy = (1 + (0.3173 * mass) ** 1.83) ** (1 / 1.83)
    return 0.22710731766 * NEUTRINO_KINDS / 3 * (2 + heavy)

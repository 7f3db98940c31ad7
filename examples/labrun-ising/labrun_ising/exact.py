"""Exact results for the Ising model. Temperatures T in J/k_B, K = 1/T; energies per site in J."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["T_C", "energy", "finite_energy", "magnetisation", "specific_heat"]

T_C = 2 / math.log(1 + math.sqrt(2))
"""The critical temperature of the infinite lattice, 2.269185 (H. A. Kramers and G. H. Wannier, Phys. Rev. 60, 252 (1941))."""

Floats: TypeAlias = NDArray[np.float64] | float
"""One temperature, or several."""


def magnetisation(temperature: Floats) -> NDArray[np.float64]:
    """Return |m| of the infinite lattice, (1 − sinh(2K)⁻⁴)^(1/8) below T_c and 0 above (C. N. Yang, Phys. Rev. 85, 808 (1952))."""
    temperature = np.asarray(temperature, float)
    order = 1 - np.sinh(2 / np.minimum(temperature, T_C)) ** -4.0
    return np.where(temperature < T_C, np.maximum(order, 0) ** 0.125, 0.0)


def energy(temperature: Floats) -> NDArray[np.float64]:
    """Return E/N of the infinite lattice, −coth 2K (1 + 2/π (2 tanh² 2K − 1) K₁(κ)), κ = 2 sinh 2K / cosh² 2K (Onsager 1944)."""
    from scipy.special import ellipk

    tanh, kappa = _parameters(temperature)
    return np.asarray(-(1 + 2 / np.pi * (2 * tanh**2 - 1) * ellipk(kappa**2)) / tanh)


def specific_heat(temperature: Floats) -> NDArray[np.float64]:
    """Return the specific heat per site of the infinite lattice [k_B], which is infinite at T_c (Onsager 1944):

    c = 4/π (K coth 2K)² (K₁(κ) − E₁(κ) − (1 − tanh² 2K) (π/2 + (2 tanh² 2K − 1) K₁(κ)))
    """
    from scipy.special import ellipe, ellipk

    tanh, kappa = _parameters(temperature)
    first, second = ellipk(kappa**2), ellipe(kappa**2)
    bracket = first - second - (1 - tanh**2) * (np.pi / 2 + (2 * tanh**2 - 1) * first)
    return np.asarray(4 / np.pi * (tanh * np.asarray(temperature, float)) ** -2.0 * bracket)


def _parameters(temperature: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return tanh 2K and κ."""
    double = 2 / np.asarray(temperature, float)
    return np.tanh(double), 2 * np.sinh(double) / np.cosh(double) ** 2


def finite_energy(temperature: float, height: int, width: int) -> float:
    """Return E/N of a periodic lattice of height × width sites, −∂ ln Z / ∂K / N, by a fourth-order difference.

    Z is that of B. Kaufman, Phys. Rev. 76, 1232 (1949).
    """
    coupling, step = 1 / temperature, 1e-3 / temperature
    first = _log_partition(coupling + step, height, width) - _log_partition(coupling - step, height, width)
    second = _log_partition(coupling + 2 * step, height, width) - _log_partition(coupling - 2 * step, height, width)
    return -(8 * first - second) / (12 * step * height * width)


def _log_partition(coupling: float, height: int, width: int) -> float:
    """Return ln Z = N/2 ln(2 sinh 2K) − ln 2 + ln Σ Πᵣ 2 cosh|sinh (m γᵣ / 2), over odd and even r, 0 ≤ r < 2n; m rows, n columns.

    cosh γᵣ = cosh 2K coth 2K − cos(π r / n), and γ₀ = 2K + ln tanh K, which is negative above T_c.
    """
    r = np.arange(1, 2 * width)
    gamma = np.arccosh(np.cosh(2 * coupling) / np.tanh(2 * coupling) - np.cos(np.pi * r / width))
    gamma = np.concatenate([[2 * coupling + math.log(math.tanh(coupling))], gamma])
    logs, signs = [], []
    for half in (gamma[1::2] * height / 2, gamma[::2] * height / 2):
        size = np.abs(half)
        logs += [np.sum(size + np.log1p(np.exp(-2 * size))), np.sum(size + np.log(-np.expm1(-2 * size)))]
        signs += [1.0, math.prod(np.sign(half))]
    largest = max(logs)
    total = sum(sign * math.exp(log - largest) for sign, log in zip(signs, logs, strict=True))
    return float(height * width / 2 * math.log(2 * math.sinh(2 * coupling)) - math.log(2) + largest + math.log(total))

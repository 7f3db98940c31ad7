"""The initial density and the displacements of matter from it: one draw of random numbers is one sky at all redshifts.

A Gaussian field δ of power P(k) on a grid `fine` times finer than the cells, linearly extrapolated to today; then

    ψ₁ = i k/k² δ_k,   ψ₂ = i k/k² S_k,   S = Σ_i<j (φ_ii φ_jj − φ_ij²),   φ_ij = −k_i k_j/k² δ_k

each smoothed with a top-hat of a cell's mass, and sampled at the cells: displacements of first (Zel'dovich) and second order in Lagrangian
perturbation theory, R. Scoccimarro, MNRAS 299, 1097 (1998), appendix D.

At 200³ cells with `fine` = 2 the field has 400³ values, 256 MB; at most six arrays of that size are held at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import scipy.fft

from labrun_reionization.cosmology import Cosmology
from labrun_reionization.fourier import Cube, Modes, inverse, wavenumbers, weighted, window
from labrun_reionization.radii import RADIUS_OF_CUBE

Dynamics: TypeAlias = Literal["linear", "zeldovich", "2lpt"]


@dataclass(frozen=True, eq=False)
class Sky:
    """Initial conditions of all redshifts of one sky, extrapolated linearly to today."""

    box: float
    """Side of the cube [Mpc]."""
    density: Cube
    """Linear density contrast on the fine grid, (N fine, N fine, N fine), or, for linear dynamics, of the cells, (N, N, N)"""
    first: tuple[Cube, ...] = ()
    """ψ₁ along each axis, (N, N, N) [Mpc]; empty for linear dynamics"""
    second: tuple[Cube, ...] = ()
    """ψ₂ along each axis, (N, N, N) [Mpc]; only for second order"""


def draw_density(rng: np.random.Generator, cells: int, box: float, cosmology: Cosmology) -> Cube:
    """Draw a Gaussian field of power P(k) on a periodic grid of `cells` points a side: (cells, cells, cells), linear, today.

    White noise in space is multiplied by √(P / volume of a cell), so that the modes are those of a real field. The mean is 0.
    """
    modes = scipy.fft.rfftn(rng.standard_normal((cells,) * 3, np.float32))
    k = wavenumbers(cells // 2, box)
    power = np.append(0, cosmology.power(k[1:]))
    return inverse(weighted(modes, np.sqrt(power * (cells / box) ** 3)))


def make_sky(density: Cube, fine: int, box: float, dynamics: Dynamics) -> Sky:
    """Return the sky that grows from a linear density contrast today, (N fine, N fine, N fine)."""
    modes = scipy.fft.rfftn(density)
    if dynamics == "linear":
        weights = _cell_window(len(density), fine, box)
        return Sky(box, _sampled(weighted(modes, weights), fine))
    first = _displacement(modes, fine, box)
    if dynamics == "zeldovich":
        return Sky(box, density, first)
    source = _second_order_source(modes)
    del modes
    return Sky(box, density, first, _displacement(scipy.fft.rfftn(source), fine, box))


def _displacement(modes: Modes, fine: int, box: float) -> tuple[Cube, ...]:
    """Return i k/k² × modes along each axis, smoothed and sampled, (N, N, N) [Mpc]."""
    weights = 1j * _per_square(len(modes)) * box / (2 * np.pi) * _cell_window(len(modes), fine, box)
    return tuple(_sampled(weighted(modes, weights, (axis,)), fine) for axis in range(3))


def _second_order_source(modes: Modes) -> Cube:
    """Return S = φ_xx φ_yy + (φ_xx + φ_yy) φ_zz − φ_xy² − φ_xz² − φ_yz², on the fine grid."""
    weights = -_per_square(len(modes))
    diagonal = inverse(weighted(modes, weights, (0, 0)))
    other = inverse(weighted(modes, weights, (1, 1)))
    source = diagonal * other
    diagonal += other
    other = inverse(weighted(modes, weights, (2, 2)))
    diagonal *= other
    source += diagonal
    del diagonal, other
    for axes in ((0, 1), (0, 2), (1, 2)):
        mixed = inverse(weighted(modes, weights, axes))
        mixed *= mixed
        source -= mixed
    return source


def _per_square(fine_cells: int) -> np.ndarray:
    """Return 1 / n², and 0 at n = 0."""
    squares = np.arange(3 * (fine_cells // 2) ** 2 + 1)
    return np.where(squares > 0, 1 / np.maximum(squares, 1), 0)


def _cell_window(fine_cells: int, fine: int, box: float) -> np.ndarray:
    """Return the top-hat of a cell's mass, over n²; 1 if both grids are the same."""
    k = wavenumbers(fine_cells // 2, box)
    return window("top_hat", k * RADIUS_OF_CUBE * box * fine / fine_cells) if fine > 1 else np.ones_like(k)


def _sampled(modes: Modes, fine: int) -> Cube:
    return inverse(modes)[::fine, ::fine, ::fine].copy()

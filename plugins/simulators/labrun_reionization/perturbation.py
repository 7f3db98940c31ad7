"""The density at a redshift: matter displaced from its initial positions and distributed among the cells.

    x = q + (D − D_i) ψ₁(q) + 3/7 (D² − D_i²) ψ₂(q)

D: growth at the redshift, D_i: growth at z = 300, at which fine cells have the masses 1 + D_i δ(q). Each fine cell is distributed among the
eight cells around it by cloud in cell. Linear dynamics: D δ, smoothed to the cells. As in 21cmFAST 4.1.1.
"""

from __future__ import annotations

import numpy as np

from labrun_reionization.cosmology import Cosmology
from labrun_reionization.fourier import Cube
from labrun_reionization.initial import Sky
from labrun_reionization.kernels import deposit

INITIAL_REDSHIFT = 300.0
SECOND_ORDER = 3 / 7
"""Factor of D², growth of second order in a universe of matter only"""


def evolve_density(sky: Sky, cosmology: Cosmology, redshift: float) -> Cube:
    """Return the density contrast of the cells at a redshift, (N, N, N)."""
    growth, initial = cosmology.growth(redshift), cosmology.growth(INITIAL_REDSHIFT)
    if not sky.first:
        return (growth * sky.density).astype(np.float32)
    cells = len(sky.first[0])
    fine = len(sky.density) // cells
    per_cell = cells / sky.box
    displacement = [np.float32((growth - initial) * per_cell) * component for component in sky.first]
    for total, component in zip(displacement, sky.second, strict=bool(sky.second)):
        total += np.float32(SECOND_ORDER * (growth**2 - initial**2) * per_cell) * component
    mass = np.zeros((cells,) * 3)
    deposit(mass, sky.density, initial, tuple(displacement), fine)
    mass /= fine**3
    mass -= 1
    return mass.astype(np.float32)

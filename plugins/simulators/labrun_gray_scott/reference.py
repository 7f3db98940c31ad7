"""The scheme of `labrun_gray_scott.kernel` in plain NumPy: slow and obvious, the reference of tests and benchmark.

    ∂u/∂t = D_u ∇²u − u v² + F (1 − u)
    ∂v/∂t = D_v ∇²v + u v² − (F + k) v

u, v: dimensionless concentrations; lengths in cells; periodic; forward Euler. The Laplacian has nearest and next-
nearest neighbours (C. Scholz and S. Scholz, Am. J. Phys. 90, 141 (2022), doi:10.1119/5.0065458):

    ∇²a ≈ −3 a + ½ (4 edge neighbours) + ¼ (4 corner neighbours)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def laplacian(a: NDArray[Any]) -> NDArray[Any]:
    """Return ∇²a [1/cells²] of a periodic field, (height, width)."""
    up, down = np.roll(a, 1, axis=0), np.roll(a, -1, axis=0)
    edges = up + down + np.roll(a, 1, axis=1) + np.roll(a, -1, axis=1)
    corners = np.roll(up, 1, axis=1) + np.roll(up, -1, axis=1) + np.roll(down, 1, axis=1) + np.roll(down, -1, axis=1)
    return -3 * a + 0.5 * edges + 0.25 * corners


def integrate(
    u: NDArray[Any],
    v: NDArray[Any],
    steps: int,
    /,
    *,
    feed: float,
    kill: float,
    diffusion_u: float = 0.2,
    diffusion_v: float = 0.1,
    time_step: float = 0.25,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return u and v, (height, width), after `steps` steps; parameters as in `labrun_gray_scott.kernel.integrate`."""
    for _ in range(steps):
        uvv = u * v * v
        du = diffusion_u * laplacian(u) - uvv + feed * (1 - u)
        dv = diffusion_v * laplacian(v) + uvv - (feed + kill) * v
        u, v = u + time_step * du, v + time_step * dv
    return u, v

"""Elastic moduli of a spring network, by linear response.

A uniform strain ε of the plane extends the spring along r = |r| n by n · ε r. The sites then relax to the lowest energy,

    W(ε) = min_u 1/(2A) Σ_b k (n · ε r + C u)_b²,

with A the area and k the stiffness of each spring; W = ½ Σ_ij S_ij ε_i ε_j defines the stiffness S in the strains (ε_xx, ε_yy, γ_xy).
In a periodic box all sites relax. A free network would relax completely. There the sites on its rim are held at their strained positions
and the others relax. This boundary condition of prescribed displacements gives an upper bound to the bulk moduli (R. Hill, J. Mech. Phys.
Solids 11, 357 (1963)), which approaches them as the network grows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from labrun_mechanics.compatibility import compatibility_matrix
from labrun_spring_networks.network import Network

__all__ = ["Moduli", "elastic_moduli", "rim_sites"]

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Moduli:
    """Moduli in the plane, in units of the stiffness k of a spring."""

    bulk: float
    """K: W = ½ K δ² for a relative change of area δ"""
    shear: float
    """G: W = ½ G γ² for a pure shear γ, mean over all directions"""
    softest_shear: float
    """Smallest G of any direction"""


def elastic_moduli(network: Network, rim: float, tolerance: float) -> Moduli:
    """Return the moduli, NaN for a network without area. `rim` is as in `rim_sites`, `tolerance` as in `normal_modes`."""
    area = _area(network)
    if not area > 0:
        return Moduli(np.nan, np.nan, np.nan)
    return _moduli(_stiffness(network, rim, tolerance) / area)


def rim_sites(network: Network, rim: float) -> NDArray[np.bool_]:
    """Return which sites of a free network are nearer to its convex hull than `rim` mean bond lengths, (sites,); none if periodic."""
    count = len(network.sites)
    if network.periodic:
        return np.zeros(count, bool)
    hull = _hull(network.sites)
    if hull is None or not len(network.bonds):
        return np.ones(count, bool)
    depth = -(hull.equations[:, :2] @ network.sites.T + hull.equations[:, 2:]).max(axis=0)
    return depth < rim * network.lengths().mean()


def _stiffness(network: Network, rim: float, tolerance: float) -> Reals:
    """Return A S, (3, 3), in units of k, from the extensions that remain after relaxation."""
    x, y = network.vectors().T
    lengths = network.lengths()
    affine = np.stack([x * x, y * y, x * y], axis=1) / lengths[:, None]
    moves = np.repeat(~rim_sites(network, rim), 2)
    matrix = compatibility_matrix(network).toarray()[:, moves]
    relaxed = affine - matrix @ np.linalg.lstsq(matrix, affine, rcond=tolerance)[0]
    return relaxed.T @ relaxed


def _moduli(stiffness: Reals) -> Moduli:
    """Return the moduli of a stiffness S; the shear modulus in direction θ is a + b cos 4θ + c sin 4θ of the shears and their coupling."""
    along = (stiffness[0, 0] + stiffness[1, 1] - 2 * stiffness[0, 1]) / 4
    across = stiffness[2, 2]
    coupling = (stiffness[0, 2] - stiffness[1, 2]) / 2
    bulk = (stiffness[0, 0] + stiffness[1, 1] + 2 * stiffness[0, 1]) / 4
    softest = np.linalg.eigvalsh([[along, coupling], [coupling, across]])[0]
    return Moduli(float(bulk), float((along + across) / 2), max(0.0, float(softest)))


def _area(network: Network) -> float:
    """Return the area of the box, or of the convex hull of a free network [length²]."""
    if network.periodic and network.box is not None:
        return float(abs(np.linalg.det(network.box)))
    hull = _hull(network.sites)
    return float(hull.volume) if hull is not None else 0.0


def _hull(sites: Reals) -> ConvexHull | None:
    """Return the convex hull, or None if the sites lie on a line."""
    try:
        return ConvexHull(sites) if len(sites) > 2 else None
    except QhullError:
        return None

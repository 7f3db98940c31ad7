"""Elastic moduli of a network of springs, by linear response.

A uniform strain ε of the plane would lengthen the spring along r = |r| n by n · ε r. The sites then relax to where the energy is least,

    W(ε) = min_u 1/(2A) Σ_b k (n · ε r + C u)_b²,

with A the area and k the stiffness of each spring; W = ½ Σ_ij S_ij ε_i ε_j defines the stiffness S in the strains (ε_xx, ε_yy, γ_xy).
In a periodic box all sites relax. A free network would relax altogether, and has no moduli of its own. There the sites of its rim are
held where the strain puts them and the others relax: a boundary condition of given displacements, which gives an upper bound to the
moduli of the bulk (R. Hill, J. Mech. Phys. Solids 11, 357 (1963)), and comes down to them as the network grows.
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
    """K: W = ½ K δ² for a growth of the area by δ"""
    shear: float
    """G: W = ½ G γ² for a pure shear by γ, the mean over all directions"""
    softest_shear: float
    """G of the direction in which it is least"""


def elastic_moduli(network: Network, rim: float, tolerance: float) -> Moduli:
    """Return the moduli; NaN where the network has no area. `rim` is as in `rim_sites`, `tolerance` as in `normal_modes`."""
    area = _area(network)
    if not area > 0:
        return Moduli(np.nan, np.nan, np.nan)
    return _moduli(_stiffness(network, rim, tolerance) / area)


def rim_sites(network: Network, rim: float) -> NDArray[np.bool_]:
    """Which sites of a free network lie nearer to its convex hull than `rim` mean bond lengths, (sites,); of a periodic one, none."""
    count = len(network.sites)
    if network.periodic:
        return np.zeros(count, bool)
    hull = _hull(network.sites)
    if hull is None or not len(network.bonds):
        return np.ones(count, bool)
    depth = -(hull.equations[:, :2] @ network.sites.T + hull.equations[:, 2:]).max(axis=0)
    return depth < rim * network.lengths().mean()


def _stiffness(network: Network, rim: float, tolerance: float) -> Reals:
    """A S, (3, 3), in units of k: what the strains and the relaxation together leave of the extensions."""
    x, y = network.vectors().T
    lengths = network.lengths()
    affine = np.stack([x * x, y * y, x * y], axis=1) / lengths[:, None]
    moves = np.repeat(~rim_sites(network, rim), 2)
    matrix = compatibility_matrix(network).toarray()[:, moves]
    relaxed = affine - matrix @ np.linalg.lstsq(matrix, affine, rcond=tolerance)[0]
    return relaxed.T @ relaxed


def _moduli(stiffness: Reals) -> Moduli:
    """Bulk and shear moduli of a stiffness S; a shear turned by θ sees a + b cos 4θ + c sin 4θ of the two shears and their coupling."""
    along = (stiffness[0, 0] + stiffness[1, 1] - 2 * stiffness[0, 1]) / 4
    across = stiffness[2, 2]
    coupling = (stiffness[0, 2] - stiffness[1, 2]) / 2
    bulk = (stiffness[0, 0] + stiffness[1, 1] + 2 * stiffness[0, 1]) / 4
    softest = np.linalg.eigvalsh([[along, coupling], [coupling, across]])[0]
    return Moduli(float(bulk), float((along + across) / 2), max(0.0, float(softest)))


def _area(network: Network) -> float:
    """That of the box, or of the convex hull of a free network [length²]."""
    if network.periodic and network.box is not None:
        return float(abs(np.linalg.det(network.box)))
    hull = _hull(network.sites)
    return float(hull.volume) if hull is not None else 0.0


def _hull(sites: Reals) -> ConvexHull | None:
    """The convex hull, or None where the sites lie on a line."""
    try:
        return ConvexHull(sites) if len(sites) > 2 else None
    except QhullError:
        return None

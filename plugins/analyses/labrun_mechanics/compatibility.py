"""Compatibility matrix and rigid motions of a spring network.

A spring between sites i and j, along the unit vector n, extends by e = n · (u_j - u_i) when the sites move by small u. For all springs,
e = C u with the compatibility matrix C, (bonds, 2 sites); displacements are ordered (x, y) of the first site, (x, y) of the second, …
The transpose maps the tensions of the springs to the forces on the sites (C. R. Calladine, Int. J. Solids Struct. 14, 161 (1978)).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from labrun_spring_networks.network import Network

__all__ = ["compatibility_matrix", "rigid_motions"]

Reals = NDArray[np.float64]


def compatibility_matrix(network: Network) -> csr_array:
    """Return C, (bonds, 2 sites) [dimensionless]. A spring from a site to its own image never changes: its row is 0.

    Raises:
        ValueError: a bond has zero length, and so no direction.
    """
    vectors, bonds = network.vectors(), network.bonds
    lengths = np.hypot(*vectors.T)
    if len(short := np.flatnonzero(lengths == 0)):
        raise ValueError(
            f"bond {short[0]}, between the sites {bonds[short[0]].tolist()}, has length 0 and therefore no direction"
        )
    directions = vectors / lengths[:, None]
    values = np.concatenate([-directions, directions], axis=1)  # x and y of i, x and y of j
    columns = (2 * bonds[:, :, None] + np.arange(2)).reshape(-1, 4)
    rows = np.repeat(np.arange(len(bonds)), 4)
    entries = coo_array((values.ravel(), (rows, columns.ravel())), (len(bonds), 2 * len(network.sites)))
    return entries.tocsr()


def rigid_motions(sites: Reals, periodic: bool) -> Reals:
    """Return an orthonormal basis of the rigid motions, (2 sites, motions): two translations, and a rotation of a free network.

    A periodic network cannot rotate, since its box is fixed; a single site cannot rotate either.
    """
    count = len(sites)
    motions = [np.tile([1.0, 0.0], count), np.tile([0.0, 1.0], count)]
    if not periodic and count > 1:
        x, y = (sites - sites.mean(axis=0)).T
        motions.append(np.stack([-y, x], axis=1).ravel())
    return np.linalg.qr(np.stack(motions, axis=1))[0]

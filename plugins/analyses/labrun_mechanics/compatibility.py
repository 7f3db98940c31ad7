"""The compatibility matrix of a network of springs, and the motions of all sites together.

A spring between the sites i and j, along the unit vector n, grows by e = n · (u_j - u_i) when the sites move by small u. Of all springs,
e = C u with the compatibility matrix C, (bonds, 2 sites); displacements are ordered (x, y) of the first site, (x, y) of the second, …
The transpose takes the tensions of the springs to the forces on the sites (C. R. Calladine, Int. J. Solids Struct. 14, 161 (1978)).
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
        ValueError: a bond has no length, and so no direction.
    """
    vectors, bonds = network.vectors(), network.bonds
    lengths = np.hypot(*vectors.T)
    if len(short := np.flatnonzero(lengths == 0)):
        raise ValueError(
            f"the bond {short[0]}, of the sites {bonds[short[0]].tolist()}, has the length 0: it has no direction"
        )
    directions = vectors / lengths[:, None]
    values = np.concatenate([-directions, directions], axis=1)  # x and y of i, x and y of j
    columns = (2 * bonds[:, :, None] + np.arange(2)).reshape(-1, 4)
    rows = np.repeat(np.arange(len(bonds)), 4)
    entries = coo_array((values.ravel(), (rows, columns.ravel())), (len(bonds), 2 * len(network.sites)))
    return entries.tocsr()


def rigid_motions(sites: Reals, periodic: bool) -> Reals:
    """An orthonormal basis of the motions that every network has, (2 sites, motions): two translations, and the rotation of a free one.

    A periodic network cannot turn, since its box does not; a lone site does not turn either.
    """
    count = len(sites)
    motions = [np.tile([1.0, 0.0], count), np.tile([0.0, 1.0], count)]
    if not periodic and count > 1:
        x, y = (sites - sites.mean(axis=0)).T
        motions.append(np.stack([-y, x], axis=1).ravel())
    return np.linalg.qr(np.stack(motions, axis=1))[0]

"""Networks in the plane: sites joined by bonds, with free or periodic boundaries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import networkx

__all__ = ["Network"]


@dataclass(frozen=True)
class Network:
    """Sites and the bonds between them.

    In a periodic box, the bond (i, j) with the offset (a, b) joins site i to the image of site j that is displaced by a times the first
    and b times the second vector of the box.
    """

    sites: NDArray[np.float64]
    """(n, 2): x to the right, y up [any length]"""
    bonds: NDArray[np.int64]
    """(m, 2): the two sites of each bond"""
    offsets: NDArray[np.integer] | None = None
    """(m, 2): boxes from the second site to its image; None where no bond crosses a boundary"""
    box: NDArray[np.float64] | None = None
    """(2, 2): rows are the two vectors of the box"""
    periodic: bool = False

    def vectors(self) -> NDArray[np.float64]:
        """Return the vector of each bond, from its first site to its second, (m, 2), in the unit of the sites."""
        vectors = self.sites[self.bonds[:, 1]] - self.sites[self.bonds[:, 0]]
        if self.periodic and self.offsets is not None and self.box is not None:
            vectors = vectors + self.offsets @ self.box
        return vectors

    def lengths(self) -> NDArray[np.float64]:
        """Return the length of each bond, (m,), in the unit of the sites."""
        return np.linalg.norm(self.vectors(), axis=1)

    def coordination(self) -> NDArray[np.int64]:
        """Return the number of bonds at each site, (n,)."""
        return np.bincount(self.bonds.ravel(), minlength=len(self.sites))

    def to_networkx(self) -> networkx.Graph:
        """Return the graph: nodes 0 … n − 1 with `x` and `y`, edges with `length`; a multigraph if periodic, since two bonds may join the
        same sites of a small box."""
        import networkx

        graph = networkx.MultiGraph() if self.periodic else networkx.Graph()
        graph.add_nodes_from((i, {"x": float(x), "y": float(y)}) for i, (x, y) in enumerate(self.sites))
        edges = zip(self.bonds.tolist(), self.lengths().tolist(), strict=True)
        graph.add_edges_from((first, second, {"length": length}) for (first, second), length in edges)
        return graph

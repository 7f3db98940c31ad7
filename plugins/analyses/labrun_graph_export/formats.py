"""Write a network in formats of other programs."""

from __future__ import annotations

import json
from collections.abc import Iterator

import networkx
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labrun_spring_networks.drawn import Drawing

__all__ = ["written"]


def written(drawing: Drawing, threshold: float) -> Iterator[tuple[str, bytes]]:
    """Yield the end of a file name and the content: sites and bonds as CSV, the graph as GraphML and as node-link JSON of networkx.

    Positions are x to the right and y up, from the middle of the lowest row of pixels [pixels]; `score` belongs to the bond.
    """
    network, scores = drawing.network(threshold), drawing.scores[drawing.scores >= threshold]
    sites = pd.DataFrame(network.sites, columns=["x", "y"]).assign(coordination=network.coordination())
    yield "sites.csv", _csv(sites.rename_axis("site"))
    bonds = pd.DataFrame(network.bonds, columns=["first", "second"]).assign(length=network.lengths(), score=scores)
    yield "bonds.csv", _csv(bonds.rename_axis("bond"))
    graph = network.to_networkx()
    networkx.set_edge_attributes(graph, _by_edge(network.bonds, scores), "score")
    yield "graph.graphml", "\n".join(networkx.generate_graphml(graph)).encode()
    yield "graph.json", json.dumps(networkx.node_link_data(graph, edges="edges"), indent=1).encode()


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(float_format="%.6g", lineterminator="\n").encode()


def _by_edge(bonds: NDArray[np.int64], scores: NDArray[np.float64]) -> dict[tuple[int, int], float]:
    return {(first, second): score for (first, second), score in zip(bonds.tolist(), scores.tolist(), strict=True)}

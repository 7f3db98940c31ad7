"""Where a network stands in its picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labrun_spring_networks.network import Network

REFERENCE_SIDE = 256
"""Sizes of dots, lines and margins are told for pictures of so many pixels a side, and scale with the picture."""


@dataclass(frozen=True)
class Layout:
    """A network in a picture. Places are (column, row) [pixels]; whole numbers are the middles of pixels."""

    shape: tuple[int, int]
    """Height and width of the picture [pixels]"""
    places: NDArray[np.float64]
    """(n, 2): the sites"""
    segments: NDArray[np.float64]
    """(k, 2, 2): both ends of each line. A bond that leaves a periodic box is two: from either site half the way to the other."""
    dot_radius: float
    """[pixels]"""
    line_width: float
    """[pixels]"""


def lay_out(network: Network, shape: tuple[int, int], margin: float, dot_radius: float, line_width: float) -> Layout:
    """Fit a network into the middle of a picture, as large as it goes, y up. `margin`, `dot_radius` and `line_width` are told for
    pictures of `REFERENCE_SIDE`, and scale with the shorter side."""
    height, width = shape
    unit = min(shape) / REFERENCE_SIDE
    segments = _segments(network)
    points = np.concatenate([network.sites, segments.reshape(-1, 2)])
    low, high = points.min(axis=0), points.max(axis=0)
    ink = max(dot_radius, line_width / 2)
    room = np.array([width, height]) - 2 * unit * (margin + ink)
    scale = (room / np.maximum(high - low, np.finfo(float).tiny)).min() if (high > low).any() else 1.0
    middle = np.array([width - 1, height - 1]) / 2

    def to_pixels(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return middle + scale * (xy - (low + high) / 2) * [1, -1]

    return Layout(shape, to_pixels(network.sites), to_pixels(segments), unit * dot_radius, unit * line_width)


def _segments(network: Network) -> NDArray[np.float64]:
    """(k, 2, 2): the lines that are drawn, in the coordinates of the sites."""
    first, second = network.sites[network.bonds.T]
    vectors = network.vectors()
    assert network.offsets is not None
    leaves = network.offsets.any(axis=1)
    whole = np.stack([first, second], axis=1)[~leaves]
    halves = [
        np.stack([site, site + step / 2], axis=1)
        for site, step in ((first[leaves], vectors[leaves]), (second[leaves], -vectors[leaves]))
    ]
    return np.concatenate([whole, *halves])

"""Place a network in its picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from labrun_spring_networks.network import Network

if TYPE_CHECKING:
    from labrun_mechanical_network import Drawn

REFERENCE_SIDE = 256
"""Side of the pictures [pixels] for which sizes of dots, lines and margins are given; they scale with the picture."""


@dataclass(frozen=True)
class Layout:
    """A network in a picture. Positions are (column, row) [pixels]; whole numbers are the middles of pixels."""

    shape: tuple[int, int]
    """Height and width of the picture [pixels]"""
    places: NDArray[np.float64]
    """(n, 2): positions of the sites"""
    segments: NDArray[np.float64]
    """(k, 2, 2): both ends of each line. A bond that leaves a periodic box makes two, from either site half of the way to the other."""
    dot_radius: float
    """[pixels]"""
    line_width: float
    """[pixels]"""
    dot_level: float = 0.0
    """Grey level, 0 is black and 255 white"""
    line_level: float = 0.0
    """Grey level"""


def lay_out(network: Network, shape: tuple[int, int], drawn: Drawn) -> Layout:
    """Place a network in the middle of a picture, y up, as large as fits within the margin, or at the drawn scale if that is smaller."""
    height, width = shape
    unit = min(shape) / REFERENCE_SIDE
    segments = _segments(network)
    points = np.concatenate([network.sites, segments.reshape(-1, 2)])
    low, high = points.min(axis=0), points.max(axis=0)
    ink = max(drawn.dot_radius, drawn.line_width / 2)
    room = np.array([width, height]) - 2 * unit * (drawn.margin + ink)
    scale = (room / np.maximum(high - low, np.finfo(float).tiny)).min() if (high > low).any() else 1.0
    if drawn.scale is not None:
        scale = min(scale, drawn.scale * unit * drawn.dot_radius)
    middle = np.array([width - 1, height - 1]) / 2

    def to_pixels(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return middle + scale * (xy - (low + high) / 2) * [1, -1]

    sizes = unit * drawn.dot_radius, unit * drawn.line_width
    return Layout(shape, to_pixels(network.sites), to_pixels(segments), *sizes, drawn.dot_level, drawn.line_level)


def _segments(network: Network) -> NDArray[np.float64]:
    """Return the lines that are drawn, (k, 2, 2), in the coordinates of the sites."""
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

"""Colour clusters: strong colours for the largest, grey for the others, darker if larger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from labrun_lattices.clusters import label_clusters

__all__ = ["Picture", "colour_clusters"]

LIGHTEST, DARKEST = 0.84, 0.35
"""Grey of single particles, and of the largest cluster without a colour; 1 is the white of empty sites."""


@dataclass(frozen=True)
class Picture:
    """A plane with its clusters coloured."""

    pixels: NDArray[np.float64]
    """(height, width, 3), red, green and blue from 0 to 1"""
    highlighted: list[tuple[str, int]]
    """Colour and size [sites] of the coloured clusters, largest first"""
    sizes: NDArray[np.int64]
    """(clusters,) sizes of all clusters [sites]"""


def colour_clusters(plane: np.ndarray, colours: Sequence[str]) -> Picture:
    """Give one colour to each of the largest clusters, in the order of their size, ties by first site.

    Single particles are never coloured. The grey of other clusters darkens with the logarithm of their size.
    """
    labels, found = label_clusters(plane)
    sizes = found.astype(np.int64)
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] > 1][: len(colours)]
    shades = np.ones((len(sizes) + 1, 3))  # by label; 0 is empty
    shades[1:] = _greys(sizes, np.delete(sizes, order))[:, None]
    for cluster, colour in zip(order, colours, strict=False):
        shades[cluster + 1] = to_rgb(colour)
    named = [(colour, int(sizes[cluster])) for cluster, colour in zip(order, colours, strict=False)]
    return Picture(shades[labels], named, sizes)


def _greys(sizes: NDArray[np.int64], grey: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a grey level for each of `sizes`, the darkest for the largest of the sizes that stay `grey`."""
    largest = max(2, int(grey.max(initial=1)))
    depth = np.minimum(1, np.log(sizes) / np.log(largest))
    return LIGHTEST - (LIGHTEST - DARKEST) * depth

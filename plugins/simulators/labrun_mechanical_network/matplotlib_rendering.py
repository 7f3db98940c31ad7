"""Let Matplotlib draw the same pictures, to test whether a network learned bonds or only how this simulator draws them."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import CircleCollection, LineCollection
from matplotlib.figure import Figure
from matplotlib.transforms import IdentityTransform
from numpy.typing import NDArray

from labrun_mechanical_network.layout import Layout

DPI = 72
"""At this resolution a point, the unit of Matplotlib's widths, is a pixel."""


def render(layout: Layout) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw the sites, and sites and bonds: (height, width), on white."""
    height, width = layout.shape
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
    canvas: Any = FigureCanvasAgg(figure)  # its methods have no types

    def drawn(artist: Artist) -> NDArray[np.uint8]:
        artist.set_snap(False)  # otherwise positions are rounded to pixels
        figure.add_artist(artist)
        canvas.draw()
        return np.array(canvas.buffer_rgba())[..., 0]

    def on_canvas(places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Count from the lower left corner of the picture, as Matplotlib does, not from the middle of its first pixel."""
        return np.array([0.5, height - 0.5]) + places * [1, -1]

    dots = CircleCollection(
        [np.pi * layout.dot_radius**2],
        offsets=on_canvas(layout.places),
        offset_transform=IdentityTransform(),
        facecolors=str(layout.dot_level / 255),
        linewidths=0,
    )
    lines = LineCollection(
        list(on_canvas(layout.segments)),
        linewidths=layout.line_width,
        colors=str(layout.line_level / 255),
        capstyle="round",
        transform=IdentityTransform(),
    )
    return drawn(dots), drawn(lines)

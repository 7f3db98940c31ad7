"""A window: the part of a picture that holds its dots, at another scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from labrun_dot_pictures.dots import find_dots, spacing_of

__all__ = ["Window"]

BORDER = 0.6
"""Width of the border around the outermost dots [spacings]"""

LARGEST_SCALE = 2.0
"""Dots that are closer than at this scale are too coarse to be read, or no dots at all, as in a photograph."""


@dataclass(frozen=True)
class Window:
    """A rectangle of a picture at another scale. Whole numbers are the middles of pixels."""

    centre: tuple[float, float]
    """Column and row in the picture [pixels of the picture]"""
    scale: float
    """Pixels of the window in a pixel of the picture"""
    shape: tuple[int, int]
    """Height and width [pixels of the window]"""

    @classmethod
    def around_dots(cls, picture: NDArray[Any], spacing: float, multiple: int) -> Window:
        """Return the window of a picture (height, width, channels) in which its dots are `spacing` pixels apart. `multiple` divides its
        sides. A picture with fewer than two dots is shown whole, as it is."""
        height, width = picture.shape[:2]
        dots = find_dots(picture.mean(axis=-1))
        found = spacing_of(dots)
        if found:
            scale, border = min(spacing / found, LARGEST_SCALE), BORDER * found
            low, high = dots.min(axis=0), dots.max(axis=0)
        else:
            scale, border = 1.0, 0.5
            low, high = np.zeros(2), np.array([width, height]) - 1.0
        sides = np.ceil((high - low + 2 * border) * scale / multiple).astype(int) * multiple
        column, row = (low + high) / 2
        return cls((float(column), float(row)), scale, (int(sides[1]), int(sides[0])))

    def take(self, picture: NDArray[Any]) -> NDArray[np.float32]:
        """Return the window of a picture (height, width, channels); beyond its edge the picture is continued by its last pixels."""
        half = np.array(self.shape[::-1]) / self.scale / 2
        centre = np.array(self.centre) + 0.5  # Pillow counts from the corner of the first pixel, not from its middle
        return _resampled(picture, (*(centre - half), *(centre + half)), self.shape, "edge")

    def put_back(self, change: NDArray[Any], picture: NDArray[Any]) -> NDArray[np.float32]:
        """Return a picture (height, width, channels) with a change of the window added to it, (height, width, channels) of the window. What
        lies outside of the window stays as it is."""
        height, width = picture.shape[:2]
        corner = np.array(self.centre) + 0.5 - np.array(self.shape[::-1]) / self.scale / 2
        start, end = -corner * self.scale, (np.array([width, height]) - corner) * self.scale
        return picture.astype(np.float32) + _resampled(change, (*start, *end), (height, width), "constant")


def _resampled(
    picture: NDArray[Any], box: tuple[float, ...], shape: tuple[int, int], beyond: Literal["edge", "constant"]
) -> NDArray[np.float32]:
    """Return the part of a picture within `box` (left, top, right, bottom, from the corner of the first pixel) as `shape` (height, width)
    pixels: bilinear, and averaged where it shrinks. `beyond` its edge, its last pixels or zeros continue it."""
    from PIL import Image

    height, width = picture.shape[:2]
    left, top, right, bottom = box
    more = 1 + max(0, int(np.ceil(max(-left, -top, right - width, bottom - height))))
    continued = np.pad(picture, ((more, more), (more, more), (0, 0)), mode=beyond).astype(np.float32)
    place = (left + more, top + more, right + more, bottom + more)
    channels = [
        np.asarray(Image.fromarray(continued[..., i]).resize(shape[::-1], Image.Resampling.BILINEAR, box=place))
        for i in range(picture.shape[2])
    ]
    return np.stack(channels, axis=-1)

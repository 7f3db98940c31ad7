"""Show pictures of dots to a network, all at the same distance between neighbouring dots and in the same ink.

A network that is shown windows, in its training and afterwards, need not know about scales, margins and greys. A window holds ink: 0 is the
ground of the picture, 1 the clearest pixel of its dots, be they dark or light. What the network adds to that is rescaled and added to the
picture in its own ink; the dots stay where they are, as sharp as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labrun_dot_pictures.dots import ground_and_contrast
from labrun_dot_pictures.window import Window

__all__ = ["Windows"]

ADDED = 0.5
"""Most ink that an answer of a training adds"""

LEAST = 1e-6
"""Ink below which there is none"""


@dataclass(frozen=True)
class Windows:
    """How windows are chosen. Pictures hold grey levels from 0 to 1; ink is dimensionless, from 0 to 1 too."""

    spacing: float
    """Distance between neighbouring dots in a window [pixels]"""
    multiple: int
    """Number that divides the sides of a window"""

    @staticmethod
    def expect_alike(channels: int, answers: int) -> None:
        """Check the numbers of channels of pictures and answers.

        Raises:
            ValueError: they differ.
        """
        if channels != answers:
            raise ValueError(
                f"with 'spacing' the answer is added to x, so both need the same channels; x has {channels}, y has {answers}"
            )

    def of(self, picture: NDArray[Any]) -> Window:
        """Return the window of a picture (height, width, channels)."""
        return Window.around_dots(picture, self.spacing, self.multiple)

    def shown(self, pictures: NDArray[Any]) -> NDArray[np.float32]:
        """Return the ink in the windows of pictures, (pictures, height, width, channels), as one batch as large as the largest window."""
        seen = [_ink(self.of(picture), picture) for picture in pictures]
        return _stacked(seen, max(one.shape[0] for one in seen), max(one.shape[1] for one in seen))

    def side(self, pictures: NDArray[Any]) -> int:
        """Return the longest side of the windows of pictures, (pictures, height, width, channels) [pixels of the window]."""
        return max(max(self.of(picture).shape) for picture in pictures)

    def shown_pairs(
        self, x: NDArray[Any], y: NDArray[Any], side: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the ink of pictures and of the expected answers of a training, (pictures, height, width, channels) each, in the windows of
        the pictures, as two batches, (pictures, side, side, channels).

        What an answer adds is brought to the strength `ADDED`: thin lines nearly vanish in a window, and their width says nothing about
        where they are."""
        pairs = [self._shown_pair(*pair) for pair in zip(x, y, strict=True)]
        return _stacked([shown for shown, _ in pairs], side, side), _stacked(
            [answer for _, answer in pairs], side, side
        )

    def _shown_pair(self, x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        window = self.of(x)
        shown = _ink(window, x)
        added = np.abs(window.take(y) - window.take(x))
        return shown, np.minimum(shown + added * (ADDED / max(added.max(), LEAST)), 1)

    def answered(
        self, pictures: NDArray[Any], predict: Callable[[NDArray[np.float32]], NDArray[Any]]
    ) -> NDArray[np.float32]:
        """Return pictures, (pictures, height, width, channels), with what a network adds to their windows. `predict` answers a batch by one
        of the same shape; it is given one window at a time, so that an answer does not depend on other pictures."""
        answers = []
        for picture in pictures:
            window = self.of(picture)
            shown = _ink(window, picture)
            _, contrast = ground_and_contrast(picture)
            answers.append(window.put_back(contrast * (predict(shown[None])[0] - shown), picture))
        return np.stack(answers)


def _ink(window: Window, picture: NDArray[Any]) -> NDArray[np.float32]:
    """Return the ink in a window, from 0 to 1. Dots that shrink to less than a pixel are as clear as others."""
    ground, contrast = ground_and_contrast(picture)
    if not contrast:
        return np.zeros((*window.shape, picture.shape[2]), np.float32)
    ink = np.maximum((window.take(picture) - ground) / contrast, 0)
    return ink / max(ink.max(), LEAST)


def _stacked(windows: list[NDArray[np.float32]], height: int, width: int) -> NDArray[np.float32]:
    """Return windows as a batch, continued below and to the right by ground, or cut."""
    batch = np.zeros((len(windows), height, width, windows[0].shape[2]), np.float32)
    for place, window in zip(batch, windows, strict=True):
        part = window[:height, :width]
        place[: part.shape[0], : part.shape[1]] = part
    return batch

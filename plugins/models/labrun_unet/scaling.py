"""Images of other sizes than those of the training, brought to the size at which the network knows what it sees."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["at_side", "resized"]


def at_side(images: Any, side: int) -> np.ndarray:
    """Rescale images, (batch, height, width, channels), so that the longer side has `side` pixels."""
    height, width = images.shape[1:3]
    factor = side / max(height, width)
    return resized(images, (max(1, round(height * factor)), max(1, round(width * factor))))


def resized(images: Any, shape: tuple[int, int]) -> np.ndarray:
    """Rescale images, (batch, height, width, channels), to `shape` (height, width): bilinear, smoothed before it shrinks them."""
    from skimage.transform import resize

    images = np.asarray(images)
    if images.shape[1:3] == shape:
        return images
    smooth = shape[0] < images.shape[1] or shape[1] < images.shape[2]
    return np.stack([resize(one, shape, order=1, mode="edge", anti_aliasing=smooth) for one in images]).astype(
        images.dtype
    )

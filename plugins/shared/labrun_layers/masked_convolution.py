"""Normalised convolution in a network: fill missing pixels by a weighted mean of the known ones around them."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["apply_filling", "mean_of_known"]

LEAST = 1e-6
"""Weight of known pixels below which, all of them being too far, the mean of the whole picture is used"""


def mean_of_known(picture: Any, mask: Any) -> Any:
    """Return the mean of the known pixels of each picture, (batch, 1, 1, 1)."""
    from keras import ops

    known = ops.maximum(ops.sum(mask, axis=(1, 2, 3), keepdims=True), 1.0)
    return ops.sum(mask * picture, axis=(1, 2, 3), keepdims=True) / known


def apply_filling(picture: Any, mask: Any, width: float) -> Any:
    """Keep known pixels, and fill missing ones by G∗(m p) / G∗m, with G a Gaussian of this width [pixels], m the mask, p the picture.

    `picture` and `mask` are (batch, height, width, 1). Pixels beyond the edge count as missing.
    """
    import numpy as np
    from keras import ops

    reach = math.ceil(4 * width)
    weights = np.exp(-(np.arange(-reach, reach + 1.0) ** 2) / (2 * width**2))
    kernel = np.outer(weights, weights).astype(np.float32)[..., None, None]
    mean = mean_of_known(picture, mask)
    near = ops.conv(mask * (picture - mean), kernel, padding="same")
    weight = ops.conv(mask, kernel, padding="same")
    return mask * picture + (1 - mask) * (mean + near / ops.maximum(weight, LEAST))

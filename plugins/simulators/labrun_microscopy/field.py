"""Draw one image: noise in grey levels, its blur, and its mask; and their exact distributions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.special import ndtr

MODE = "reflect"
"""Continuation of the image beyond its edges: d c b a | a b c d | d c b a"""
TAILS = 12
"""Standard deviations beyond which a normal distribution is neglected: 10⁻³² of it"""


def noise(
    shape: tuple[int, int], mean: float, deviation: float, wrap: bool, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Draw normal numbers in grey levels: rounded and clipped, or truncated and wrapped around."""
    drawn = rng.normal(mean, deviation, shape)
    if wrap:  # via int64: the conversion of negative numbers to unsigned bytes depends on the machine
        return (drawn.astype(np.int64) % 256).astype(np.uint8)
    return np.rint(drawn).clip(0, 255).astype(np.uint8)


def blurred(levels: NDArray[np.uint8], correlation_length: float) -> NDArray[np.uint8]:
    """Blur an image, in grey levels from 1 to 255."""
    smooth = gaussian_filter(levels.astype(np.float64), correlation_length, mode=MODE)
    return np.rint(smooth).clip(1, 255).astype(np.uint8)


def known_pixels(shape: tuple[int, int], missing: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a mask: 1 at known pixels, 0 at `missing` of them."""
    mask = np.ones(shape, np.uint8)
    mask.ravel()[rng.choice(mask.size, missing, replace=False)] = 0
    return mask


def level_probabilities(mean: float, deviation: float, wrap: bool) -> NDArray[np.float64]:
    """Return the probability of each grey level of the noise, (256,)."""
    reach = 256 + int(TAILS * deviation)
    numbers = np.arange(-reach, 256 + reach)
    # rounding gives k from k − 1/2 to k + 1/2; truncation gives k from k to k + 1, below 0 from k − 1 to k, and 0 from both sides
    low = numbers - (numbers <= 0) if wrap else numbers - 0.5
    high = numbers + (numbers >= 0) if wrap else numbers + 0.5
    probabilities = ndtr((high - mean) / deviation) - ndtr((low - mean) / deviation)
    levels = numbers % 256 if wrap else numbers.clip(0, 255)
    return np.bincount(levels, probabilities, minlength=256).astype(np.float64)


def blur_matrix(side: int, correlation_length: float) -> NDArray[np.float64]:
    """Return A of one axis, (side, side): the blurred row is A @ row."""
    return gaussian_filter(np.eye(side), (correlation_length, 0), mode=MODE)

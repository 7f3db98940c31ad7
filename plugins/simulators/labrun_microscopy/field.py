"""One image: noise in grey levels, its blur, and which of its pixels are known. What is known of them on paper."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.special import ndtr

MODE = "reflect"
"""What lies outside of the image for the blur: d c b a | a b c d | d c b a."""
TAILS = 12
"""Beyond so many standard deviations there is nothing: 10⁻³² of a normal distribution."""


def noise(
    shape: tuple[int, int], mean: float, deviation: float, wrap: bool, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Normal numbers in grey levels: rounded and clipped, or cut off and wrapped round."""
    drawn = rng.normal(mean, deviation, shape)
    if wrap:  # by way of int64: what C makes of a negative number as an unsigned byte depends on the machine
        return (drawn.astype(np.int64) % 256).astype(np.uint8)
    return np.rint(drawn).clip(0, 255).astype(np.uint8)


def blurred(levels: NDArray[np.uint8], correlation_length: float) -> NDArray[np.uint8]:
    """The blurred image, in grey levels from 1 to 255."""
    smooth = gaussian_filter(levels.astype(np.float64), correlation_length, mode=MODE)
    return np.rint(smooth).clip(1, 255).astype(np.uint8)


def known_pixels(shape: tuple[int, int], missing: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """1 where a pixel is known; `missing` of them are not."""
    mask = np.ones(shape, np.uint8)
    mask.ravel()[rng.choice(mask.size, missing, replace=False)] = 0
    return mask


def level_probabilities(mean: float, deviation: float, wrap: bool) -> NDArray[np.float64]:
    """How likely the noise has each grey level, (256,)."""
    reach = 256 + int(TAILS * deviation)
    numbers = np.arange(-reach, 256 + reach)
    # rounding gives k from k − 1/2 to k + 1/2; cutting off, k from k to k + 1, and below 0 from k − 1 to k, and 0 from both sides
    low = numbers - (numbers <= 0) if wrap else numbers - 0.5
    high = numbers + (numbers >= 0) if wrap else numbers + 0.5
    probabilities = ndtr((high - mean) / deviation) - ndtr((low - mean) / deviation)
    levels = numbers % 256 if wrap else numbers.clip(0, 255)
    return np.bincount(levels, probabilities, minlength=256).astype(np.float64)


def blur_matrix(side: int, correlation_length: float) -> NDArray[np.float64]:
    """A of one axis, (side, side): the blurred row is A @ row."""
    return gaussian_filter(np.eye(side), (correlation_length, 0), mode=MODE)

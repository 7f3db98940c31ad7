"""Compute the rolling mean and standard deviation of a series."""

from __future__ import annotations

import numpy as np

__all__ = ["roll"]


def roll(series: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation, (looks,) each, over `window` looks (one more if that is even) around each look.

    At the beginning the window narrows to stay symmetric, so it does not smear the relaxation; at the end it is cut.
    """
    looks = np.arange(len(series))
    half = np.minimum(looks, window // 2)
    low, high = looks - half, np.minimum(looks + half + 1, len(series))
    centred = series - series.mean()  # otherwise the squares would lose digits
    sums, squares = (np.concatenate([[0.0], np.cumsum(centred**power)]) for power in (1, 2))
    mean = (sums[high] - sums[low]) / (high - low)
    variance = (squares[high] - squares[low]) / (high - low) - mean**2
    return mean + series.mean(), np.sqrt(np.maximum(variance, 0))

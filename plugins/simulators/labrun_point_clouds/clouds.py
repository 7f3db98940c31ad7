"""Draw the clouds: points (samples, 2) float32 in [−1, 1]², and their classes (samples,) uint8."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Points: TypeAlias = tuple[NDArray[np.float32], NDArray[np.uint8]]
CENTRE = 0.4
"""Both coordinates of the middle of class 1; class 0 is opposite"""


def separable(samples: int, line: tuple[float, float, float], margin: float, rng: np.random.Generator) -> Points:
    """Draw points uniformly in the square, except in a strip along the line."""
    weights, bias = np.array(line[:2]), line[2]
    chosen = np.empty((0, 2), np.float32)
    while len(chosen) < samples:
        drawn = rng.uniform(-1, 1, (samples, 2)).astype(np.float32)
        distance = np.abs(drawn @ weights + bias) / np.linalg.norm(weights)
        chosen = np.concatenate([chosen, drawn[distance > margin]])
    x = chosen[:samples]
    return x, (x @ weights + bias > 0).astype(np.uint8)


def overlapping(samples: int, deviation: float, rng: np.random.Generator) -> Points:
    """Draw a normal cloud for each class, truncated at the edges of the square by the inverse of the normal distribution function."""
    label = rng.permutation(np.arange(samples) % 2).astype(np.uint8)
    centre = np.where(label, CENTRE, -CENTRE)[:, None]
    low, high = ndtr((-1 - centre) / deviation), ndtr((1 - centre) / deviation)
    x = centre + deviation * ndtri(low + (high - low) * rng.random((samples, 2)))
    return np.clip(x, -1, 1).astype(np.float32), label


def xor(samples: int, margin: float, rng: np.random.Generator) -> Points:
    """Draw points uniformly in four squares, each at a corner of the large one."""
    sign = rng.choice([-1.0, 1.0], (samples, 2))
    x = (sign * rng.uniform(margin, 1, (samples, 2))).astype(np.float32)
    return x, (sign[:, 0] != sign[:, 1]).astype(np.uint8)

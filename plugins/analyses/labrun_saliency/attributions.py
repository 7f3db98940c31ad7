"""What each value of an input has to do with the score of a class, from gradients of that score.

`gradients` takes inputs (n, …) to the gradients of one class's score S at them, (n, …). An attribution has the shape of
one input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from scipy.ndimage import gaussian_filter

__all__ = ["Gradients", "integrated_gradients", "plain_gradient", "smooth_gradient", "weigh_cells"]

Gradients: TypeAlias = "Callable[[np.ndarray], np.ndarray]"


def plain_gradient(gradients: Gradients, x: np.ndarray) -> np.ndarray:
    """∂S/∂x (Simonyan, Vedaldi & Zisserman 2014, section 3)."""
    return gradients(x[None])[0]


def smooth_gradient(
    gradients: Gradients, x: np.ndarray, noise: float, samples: int, rng: np.random.Generator, batch_size: int = 32
) -> np.ndarray:
    """SmoothGrad: the mean of ∂S/∂x at x + σ ξ with normal ξ (Smilkov et al. 2017, section 3).

    σ is `noise` times the range of `x`, as there.
    """
    sigma = noise * float(x.max() - x.min())
    total = np.zeros(x.shape)
    for part in _parts(samples, batch_size):
        total += gradients(x + sigma * rng.standard_normal((len(part), *x.shape))).sum(axis=0, dtype=float)
    return total / samples


def integrated_gradients(
    gradients: Gradients, x: np.ndarray, baseline: np.ndarray, steps: int, batch_size: int = 32
) -> np.ndarray:
    """(x − x′) ∫₀¹ ∂S/∂x(x′ + a (x − x′)) da with the baseline x′ (Sundararajan, Taly & Yan 2017, eq. 1).

    Its sum is S(x) − S(x′) but for the error of the integral, which is taken by the midpoint rule: a network of
    rectifiers has gradients that jump along the path, where rules of a higher order gain nothing.
    """
    way = x - baseline
    total = np.zeros(x.shape)
    for part in _parts(steps, batch_size):
        a = ((part + 0.5) / steps).reshape(-1, *[1] * x.ndim)
        total += gradients(baseline + a * way).sum(axis=0, dtype=float)
    return way * total / steps


def weigh_cells(attribution: np.ndarray, blur: float, periodic: bool) -> np.ndarray:
    """How much each cell counts, (height, width): |attribution|, summed over the frames on a third axis, then smoothed
    by a Gaussian of the standard deviation `blur` [cells], over the edges if `periodic`."""
    weights = np.abs(attribution).astype(float)
    if weights.ndim == 3:
        weights = weights.sum(axis=2)
    return gaussian_filter(weights, blur, mode="wrap" if periodic else "reflect")


def _parts(count: int, size: int) -> Iterator[np.ndarray]:
    """The numbers 0 … count − 1 in pieces of at most `size`."""
    for start in range(0, count, size):
        yield np.arange(start, min(start + size, count))

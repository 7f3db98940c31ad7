"""Attribute the score of a class to the values of an input, from gradients of that score.

`gradients` returns the gradients of one class's score S at inputs (n, …), of the same shape. An attribution has the shape of one input.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from scipy.ndimage import gaussian_filter

from labrun.kit.batches import batches

__all__ = ["Gradients", "integrated_gradients", "plain_gradient", "smooth_gradient", "weigh_cells"]

Gradients: TypeAlias = "Callable[[np.ndarray], np.ndarray]"


def plain_gradient(gradients: Gradients, x: np.ndarray) -> np.ndarray:
    """Return ∂S/∂x (Simonyan, Vedaldi & Zisserman 2014, section 3)."""
    return gradients(x[None])[0]


def smooth_gradient(
    gradients: Gradients, x: np.ndarray, noise: float, samples: int, rng: np.random.Generator, batch_size: int = 32
) -> np.ndarray:
    """Return the mean of ∂S/∂x at x + σ ξ with normal ξ: SmoothGrad (Smilkov et al. 2017, section 3).

    σ is `noise` times the range of `x`, as there.
    """
    sigma = noise * float(x.max() - x.min())
    total = np.zeros(x.shape)
    for part in batches(samples, batch_size):
        total += gradients(x + sigma * rng.standard_normal((len(part), *x.shape))).sum(axis=0, dtype=float)
    return total / samples


def integrated_gradients(
    gradients: Gradients, x: np.ndarray, baseline: np.ndarray, steps: int, batch_size: int = 32
) -> np.ndarray:
    """Return (x − x′) ∫₀¹ ∂S/∂x(x′ + a (x − x′)) da with the baseline x′ (Sundararajan, Taly & Yan 2017, eq. 1).

    Its sum is S(x) − S(x′) but for the error of the integral, computed by the midpoint rule: the gradients of a network of rectifiers jump
    along the path, where rules of higher order gain nothing.
    """
    way = x - baseline
    total = np.zeros(x.shape)
    for part in batches(steps, batch_size):
        a = ((part + 0.5) / steps).reshape(-1, *[1] * x.ndim)
        total += gradients(baseline + a * way).sum(axis=0, dtype=float)
    return way * total / steps


def weigh_cells(attribution: np.ndarray, blur: float, periodic: bool) -> np.ndarray:
    """Return the weight of each cell, (height, width): |attribution|, summed over the frames on a third axis, then smoothed by a Gaussian
    with the standard deviation `blur` [cells], across the edges if `periodic`."""
    weights = np.abs(attribution).astype(float)
    if weights.ndim == 3:
        weights = weights.sum(axis=2)
    return gaussian_filter(weights, blur, mode="wrap" if periodic else "reflect")

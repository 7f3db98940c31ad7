"""Decompose kernels into three orthogonal parts that show the kind of filter."""

from __future__ import annotations

import numpy as np

__all__ = ["shares"]


def shares(kernels: np.ndarray) -> dict[str, np.ndarray]:
    """Return the `mean`, `odd` and `even` shares of the squared norm of each filter, (filters,) each; 0 for a filter of zeros.

    With K the kernel k rotated by 180° about its middle, the parts of k are its mean, (k − K)/2, and (k + K)/2 minus its mean. They are
    orthogonal, so their squares add up to that of k. `kernels` are (filters, channels, positions …).
    """
    places = tuple(range(2, kernels.ndim))
    turned = np.flip(kernels, places)
    mean = np.broadcast_to(kernels.mean(axis=places, keepdims=True), kernels.shape)
    odd = (kernels - turned) / 2
    parts = {"mean": mean, "odd": odd, "even": kernels - mean - odd}
    total = _square(kernels)
    return {
        name: np.divide(_square(part), total, out=np.zeros(len(total)), where=total != 0)
        for name, part in parts.items()
    }


def _square(kernels: np.ndarray) -> np.ndarray:
    """Return the squared norm of each filter, over all channels and positions."""
    return (kernels**2).reshape(len(kernels), -1).sum(axis=1)

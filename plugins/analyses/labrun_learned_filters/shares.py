"""What kind of filter a kernel is: three parts whose squares add up."""

from __future__ import annotations

import numpy as np

__all__ = ["shares"]


def shares(kernels: np.ndarray) -> dict[str, np.ndarray]:
    """The `mean`, `odd` and `even` shares of the squared norm of each filter, (filters,) each; 0 for a filter of zeros.

    With K the kernel turned by 180° about its middle, the parts of a kernel k are its mean, (k − K)/2, and (k + K)/2 less its mean.
    They are orthogonal, so that their squares add up to that of k. `kernels` are (filters, channels, places …).
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
    """Of each filter, over all its channels and places."""
    return (kernels**2).reshape(len(kernels), -1).sum(axis=1)

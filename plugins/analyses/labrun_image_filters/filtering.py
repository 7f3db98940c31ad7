"""Apply filters to pictures."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from labrun_image_filters.filter import Filter

__all__ = ["apply_filter", "laid_kernels"]


def laid_kernels(one: Filter, operation: str) -> list[np.ndarray]:
    """Return the kernels of a filter for `operation`, each (rows, columns) float64, normalized if requested.

    Those of classical filters are rotated for a convolution, so slopes to the right and downwards are positive for both operations.
    """
    kernels = [np.array(kernel, np.float64) for kernel in one.kernels]
    if isinstance(one.kernel, str) and operation == "convolution":
        kernels = [kernel[::-1, ::-1] for kernel in kernels]
    return [kernel / kernel.sum() for kernel in kernels] if one.normalize else kernels


def apply_filter(picture: np.ndarray, kernels: list[np.ndarray], repeat: int, operation: str, edge: str) -> np.ndarray:
    """Filter a picture, (height, width) float64, `repeat` times; with several kernels, return the magnitude of all results."""
    apply = ndimage.convolve if operation == "convolution" else ndimage.correlate
    for _ in range(repeat):
        results = [apply(picture, kernel, mode=edge) for kernel in kernels]
        picture = results[0] if len(results) == 1 else np.sqrt(sum(result**2 for result in results))
    return picture

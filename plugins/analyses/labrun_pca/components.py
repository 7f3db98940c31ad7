"""Principal components of pictures that are read in batches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import IncrementalPCA
from sklearn.utils import gen_batches

from labrun import Examples

__all__ = ["Projection", "fit_components", "project"]

BATCH = 256


@dataclass(frozen=True)
class Projection:
    """Coefficients of pictures, and errors of their reconstructions."""

    coefficients: NDArray[np.float64]
    """c, (pictures, components) [unit of x]"""
    errors: NDArray[np.float64]
    """(components + 1,) mean squared error of a pixel with 0, 1, … components [x²]"""


def fit_components(examples: Examples, components: int, rng: np.random.Generator) -> IncrementalPCA:
    """Return the components, at most as many as pictures and pixels.

    Raises:
        ValueError: all pictures are equal, or one contains NaN.
    """
    count = min(components, len(examples), _flat(examples, np.arange(1)).shape[1])
    pca = IncrementalPCA(count)
    order = rng.permutation(len(examples))  # a batch from one member might not vary at all
    for batch in gen_batches(len(examples), max(BATCH, count), min_batch_size=count):
        pictures = _flat(examples, np.sort(order[batch]))
        if not np.ptp(pictures, axis=0).any() and len(pictures) == len(examples):
            raise ValueError(f"all pictures of '{examples.name}' are equal, so they have no principal components")
        pca.partial_fit(pictures)
    return pca


def project(pca: IncrementalPCA, examples: Examples) -> Projection:
    """Project pictures, and compute the error of reconstructions from a growing number of components."""
    coefficients, squares = [], 0.0
    for batch in gen_batches(len(examples), BATCH):
        apart = _flat(examples, np.arange(len(examples))[batch]) - pca.mean_
        coefficients.append(apart @ pca.components_.T)
        squares += float(np.sum(apart**2))
    found = np.concatenate(coefficients)
    kept = np.append(0, np.cumsum(np.sum(found**2, axis=0)))  # the components are orthonormal
    return Projection(found, np.maximum(squares - kept, 0) / (len(examples) * pca.mean_.size))


def _flat(examples: Examples, places: NDArray[np.int64]) -> NDArray[np.float64]:
    pictures = examples.load_x(places).reshape(len(places), -1).astype(np.float64)
    odd = ~np.isfinite(pictures).all(axis=1)
    if odd.any():
        raise ValueError(f"x of example {places[odd][0]} of '{examples.name}' contains NaN or infinity")
    return pictures

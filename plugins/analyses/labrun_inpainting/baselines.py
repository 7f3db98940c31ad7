"""Fill missing pixels without a network. All take `observed`, (pictures, height, width) [grey levels], and `known`, bool of the same shape,
and return pictures in which known pixels are as observed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter

from labrun import Examples
from labrun.kit.batches import batches
from labrun.kit.methods import Method
from labrun_inpainting.methods import Inpainter
from labrun_inpainting.pictures import BATCH, load_pictures, load_truth

__all__ = ["BEATABLE", "WIDTHS", "baselines", "choose_width"]

Pictures: TypeAlias = NDArray[np.float64]
Inpaint: TypeAlias = Callable[[Pictures, NDArray[np.bool_]], Pictures]

BEATABLE = ("mean", "nearest", "normalised convolution", "biharmonic")
"""A network that has learned something beats these."""
WIDTHS = tuple(0.25 * 2 ** (k / 4) for k in range(21))
"""σ of the normalised convolution, 0.25 to 8 pixels: from the nearest pixels alone to most of a small picture."""
PICTURES_FOR_WIDTH = 200
"""Enough to find the best width to within a step."""


def baselines(width: float, kriging: Inpaint | None) -> Iterator[Inpainter]:
    """Yield all methods that learn nothing, or one number; `kriging` where the covariance is known."""
    inpaint: dict[str, Inpaint] = {
        "mean": inpaint_mean,
        "nearest": inpaint_nearest,
        "normalised convolution": partial(inpaint_by_convolution, width=width),
        "biharmonic": inpaint_biharmonic,
    }
    if kriging is not None:
        inpaint["kriging"] = kriging
    for name, function in inpaint.items():
        yield Method(name, partial(_inpaint_all, function))


def _inpaint_all(function: Inpaint, examples: Examples) -> Pictures:
    return function(*load_pictures(examples))


def choose_width(examples: Examples) -> float:
    """Return the width, of `WIDTHS`, at which the normalised convolution has the least squared error on missing pixels."""
    squares = np.zeros(len(WIDTHS))
    for places in batches(min(len(examples), PICTURES_FOR_WIDTH), BATCH):
        some = examples.take(places)
        (observed, known), truth = load_pictures(some), load_truth(some)
        squares += [np.sum((inpaint_by_convolution(observed, known, width) - truth)[~known] ** 2) for width in WIDTHS]
    return WIDTHS[int(np.argmin(squares))]


def inpaint_mean(observed: Pictures, known: NDArray[np.bool_]) -> Pictures:
    """Fill with the mean of the known pixels of the picture."""
    return np.where(known, observed, _means(observed, known))


def inpaint_nearest(observed: Pictures, known: NDArray[np.bool_]) -> Pictures:
    """Fill with the nearest known pixel; of several, the first that SciPy finds."""
    pictures = np.empty_like(observed)
    for i, (picture, mask) in enumerate(zip(observed, known, strict=True)):
        places = distance_transform_edt(~mask, return_distances=False, return_indices=True)
        pictures[i] = picture[tuple(places)]
    return pictures


def inpaint_by_convolution(observed: Pictures, known: NDArray[np.bool_], width: float) -> Pictures:
    """Fill with G∗(m p) / G∗m, with G a Gaussian of σ = `width` [pixels], m the mask, p the picture.

    Where no known pixel is within reach (8 pixels, or 4 σ), fill with the mean of the picture. Pixels beyond the edge count as missing.
    """
    means = _means(observed, known)
    reach = max(8, int(np.ceil(4 * width)))

    def blurred(pictures: Pictures) -> Pictures:
        return gaussian_filter(pictures, width, mode="constant", radius=reach, axes=(1, 2))

    weight = blurred(known.astype(np.float64))
    near = blurred(np.where(known, observed - means, 0.0))
    smooth = means + np.divide(near, weight, out=np.zeros_like(near), where=weight > 0)
    return np.where(known, observed, smooth)


def inpaint_biharmonic(observed: Pictures, known: NDArray[np.bool_]) -> Pictures:
    """Solve Δ² p = 0 in missing pixels, as scikit-image discretizes it (S. B. Damelin and N. S. Hoang, J. Math. Anal. 2018)."""
    from skimage.restoration import inpaint_biharmonic as solve

    found = [solve(picture, ~mask) for picture, mask in zip(observed, known, strict=True)]
    return np.where(known, observed, found)


def _means(observed: Pictures, known: NDArray[np.bool_]) -> Pictures:
    """Return the mean of the known pixels of each picture, (pictures, 1, 1)."""
    total = np.where(known, observed, 0.0).sum(axis=(1, 2), keepdims=True)
    return total / known.sum(axis=(1, 2), keepdims=True)

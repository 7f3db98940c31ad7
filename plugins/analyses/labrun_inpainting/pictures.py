"""Pictures with missing pixels, as a dataset gives them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from labrun import ArraySpec, Examples

__all__ = ["BATCH", "check_pictures", "in_batches", "load_pictures", "load_truth", "mean_of_known"]

BATCH = 64
"""Pictures in memory at a time."""


def check_pictures(examples: Examples) -> None:
    """See whether examples are pictures with missing pixels, and have both kinds of pixels.

    Raises:
        ValueError: they are not, no pixel is missing, or a picture has no known one.
    """
    x, y = examples.spec.x, examples.spec.y
    if not isinstance(x, ArraySpec) or len(x.shape) != 3 or x.shape[2] != 2 or y.shape != (*x.shape[:2], 1):
        found = f"x of {list(x) if isinstance(x, dict) else x.shape} and y of {y.shape}"
        raise ValueError(
            "inpainting wants x of shape (height, width, 2), observed and mask, and y of (height, width, 1); "
            f"'{examples.name}' has {found}: the dataset 'rows' gives them, with x: [observed, mask] and y: truth"
        )
    missing = 0
    for places in in_batches(len(examples)):
        known = load_pictures(examples.take(places))[1]
        missing += int(np.sum(~known))
        if len(empty := np.flatnonzero(~known.any(axis=(1, 2)))):
            raise ValueError(
                f"the picture {places[empty[0]]} of '{examples.name}' has no known pixel: its mask is 0 everywhere"
            )
    if not missing:
        raise ValueError(
            f"no pixel of '{examples.name}' is missing (its masks are 1 everywhere), so that there is nothing to judge"
        )


def load_pictures(examples: Examples) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What is observed, (pictures, height, width) [grey levels], and where it is known."""
    x = examples.load_x(slice(None))
    return x[..., 0].astype(np.float64), x[..., 1] != 0


def load_truth(examples: Examples) -> NDArray[np.float64]:
    """The whole pictures, (pictures, height, width) [grey levels]."""
    return examples.load_y(slice(None))[..., 0].astype(np.float64)


def in_batches(count: int) -> Iterator[NDArray[np.int64]]:
    """The places of `count` pictures, some at a time."""
    for start in range(0, count, BATCH):
        yield np.arange(start, min(start + BATCH, count))


def mean_of_known(examples: Examples) -> float:
    """The mean of all known pixels of all pictures [grey levels]."""
    total, count = 0.0, 0
    for places in in_batches(len(examples)):
        observed, known = load_pictures(examples.take(places))
        total, count = total + float(observed[known].sum()), count + int(known.sum())
    return total / count

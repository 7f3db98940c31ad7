"""Pictures with missing pixels, as a dataset gives them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from labrun import ArraySpec, Examples
from labrun.kit.batches import batches

__all__ = ["BATCH", "check_pictures", "load_pictures", "load_truth", "mean_of_known"]

BATCH = 64
"""Pictures in memory at a time."""


def check_pictures(examples: Examples) -> None:
    """Check that examples are pictures with missing and with known pixels.

    Raises:
        ValueError: they are not, no pixel is missing, or a picture has no known one.
    """
    x, y = examples.spec.x, examples.spec.y
    if not isinstance(x, ArraySpec) or len(x.shape) != 3 or x.shape[2] != 2 or y.shape != (*x.shape[:2], 1):
        found = f"x of {list(x) if isinstance(x, dict) else x.shape} and y of {y.shape}"
        raise ValueError(
            "inpainting expects x of shape (height, width, 2), observed and mask, and y of shape (height, width, 1), but "
            f"'{examples.name}' has {found}. The dataset 'rows' makes them, with x: [observed, mask] and y: truth"
        )
    missing = 0
    for places in batches(len(examples), BATCH):
        known = load_pictures(examples.take(places))[1]
        missing += int(np.sum(~known))
        if len(empty := np.flatnonzero(~known.any(axis=(1, 2)))):
            raise ValueError(
                f"the picture {places[empty[0]]} of '{examples.name}' has no known pixel: its mask is 0 everywhere"
            )
    if not missing:
        raise ValueError(
            f"no pixel of '{examples.name}' is missing (its masks are 1 everywhere), so there is nothing to judge"
        )


def load_pictures(examples: Examples) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the observed pictures, (pictures, height, width) [grey levels], and where they are known, bool."""
    x = examples.load_x(slice(None))
    return x[..., 0].astype(np.float64), x[..., 1] != 0


def load_truth(examples: Examples) -> NDArray[np.float64]:
    """Return the whole pictures, (pictures, height, width) [grey levels]."""
    return examples.load_y(slice(None))[..., 0].astype(np.float64)


def mean_of_known(examples: Examples) -> float:
    """Return the mean of all known pixels of all pictures [grey levels]."""
    total, count = 0.0, 0
    for places in batches(len(examples), BATCH):
        observed, known = load_pictures(examples.take(places))
        total, count = total + float(observed[known].sum()), count + int(known.sum())
    return total / count

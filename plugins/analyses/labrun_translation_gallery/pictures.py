"""Pictures as a dataset and a network give them, brought to one range."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from labrun import ArraySpec, Examples, TrainedModel
from labrun_spring_networks.drawn import expected_pictures, generated_pictures

__all__ = ["SSIM_WINDOW", "Pictures"]

Reals = NDArray[np.float64]

BATCH = 32
"""Pictures in memory at a time."""
SSIM_WINDOW = 7
"""Pixels along each side"""


class Pictures:
    """The pictures of a dataset, (n, height, width) float64: drawings from 0, ink, to 1; fields in their unit.

    Raises:
        ValueError: x or y are no pictures of one size, too small, or y has other channels than its kind allows.
    """

    def __init__(self, examples: Examples, is_ink: bool, scale: float) -> None:
        _check(examples, is_ink)
        self.examples = examples
        self.is_ink = is_ink
        self._scale = scale

    def in_batches(self) -> Iterator[NDArray[np.int64]]:
        """The places of all pictures, some at a time."""
        return (np.arange(len(self.examples))[start : start + BATCH] for start in range(0, len(self.examples), BATCH))

    def sources(self, places: NDArray[np.int64]) -> Reals:
        """Drawings as they are; of fields the first channel, in the unit of x."""
        x = np.asarray(self.examples.load_x(places), np.float64)
        if not self.is_ink:
            return x[..., 0]
        return (x.mean(axis=-1) + 1) / 2 if x.min() < 0 else x.mean(axis=-1)

    def expected(self, places: NDArray[np.int64]) -> Reals:
        """What the sources should become."""
        examples = self.examples.take(places)
        if self.is_ink:
            return np.stack([*expected_pictures(examples)])
        return self._scale * np.asarray(examples.load_y(slice(None)), np.float64)[..., 0]

    def generated(self, model: TrainedModel, places: NDArray[np.int64]) -> Reals:
        """What a network makes of the sources.

        Raises:
            ValueError: it answers something else than such pictures, or numbers that are not finite.
        """
        examples = self.examples.take(places)
        if self.is_ink:
            pictures = np.stack([*generated_pictures(model, examples)])
        else:
            pictures = self._scale * np.asarray(model.predict(examples), np.float64)[..., 0]
        expected = (len(places), *self.examples.spec.y.shape[:2])
        if pictures.shape != expected or not np.isfinite(pictures).all():
            found = f"pictures of {pictures.shape}" if pictures.shape != expected else "NaN or infinity"
            raise ValueError(
                f"the model '{model.name}' answers {found}; a translation of '{self.examples.name}' is {expected}, all of it finite"
            )
        return pictures

    @cached_property
    def summary(self) -> tuple[float, float, float]:
        """The least, the greatest and the mean of all that is expected."""
        batches = (self.expected(places) for places in self.in_batches())
        low, high, total, count = np.array([(b.min(), b.max(), b.sum(), b.size) for b in batches]).T
        return float(low.min()), float(high.max()), float(total.sum() / count.sum())


def _check(examples: Examples, is_ink: bool) -> None:
    x, y = examples.spec.x, examples.spec.y
    found = f"x {list(x) if isinstance(x, dict) else x.shape} and y {y.shape}"
    pictures = isinstance(x, ArraySpec) and len(x.shape) == len(y.shape) == 3 and x.shape[:2] == y.shape[:2]
    channels = (1, 3) if is_ink else (1,)
    if not pictures or y.shape[2] not in channels or (is_ink and x.shape[2] not in channels):  # type: ignore[union-attr]
        wanted = "x and y of 1 or 3 channels for 'kind: ink'" if is_ink else "y of 1 channel for 'kind: field'"
        raise ValueError(
            f"a translation takes pictures to pictures of the same size, (height, width, channels), {wanted}; '{examples.name}' has "
            f"{found}"
        )
    if min(y.shape[:2]) < SSIM_WINDOW:
        raise ValueError(f"SSIM takes pictures of {SSIM_WINDOW} pixels a side or more; '{examples.name}' has {found}")

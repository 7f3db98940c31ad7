"""Pictures of a dataset and of a network, in one range."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from labrun import ArraySpec, Examples, TrainedModel
from labrun.kit.batches import batches
from labrun.kit.predictions import predict_pictures
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
        ValueError: x and y are not pictures of one size, they are too small, or have other channels than their kind allows.
    """

    def __init__(self, examples: Examples, is_ink: bool, scale: float) -> None:
        _check(examples, is_ink)
        self.examples = examples
        self.is_ink = is_ink
        self._scale = scale

    def in_batches(self) -> Iterator[NDArray[np.int64]]:
        """Yield the places of all pictures, some at a time."""
        return batches(len(self.examples), BATCH)

    def sources(self, places: NDArray[np.int64]) -> Reals:
        """Return drawings as they are, and the first channel of fields, in the unit of x."""
        x = np.asarray(self.examples.load_x(places), np.float64)
        if not self.is_ink:
            return x[..., 0]
        return (x.mean(axis=-1) + 1) / 2 if x.min() < 0 else x.mean(axis=-1)

    def expected(self, places: NDArray[np.int64]) -> Reals:
        """Return what the sources should become."""
        examples = self.examples.take(places)
        if self.is_ink:
            return np.stack([*expected_pictures(examples)])
        return self._scale * np.asarray(examples.load_y(slice(None)), np.float64)[..., 0]

    def generated(self, model: TrainedModel, places: NDArray[np.int64]) -> Reals:
        """Return what a network makes of the sources.

        Raises:
            ValueError: it does not predict finite pictures of this kind.
        """
        examples, expected = self.examples.take(places), self.examples.spec.y.shape
        if not self.is_ink:
            return self._scale * predict_pictures(model, examples, expected)[..., 0]
        pictures = np.stack([*generated_pictures(model, examples)])
        if pictures.shape[1:] != expected[:2]:
            raise ValueError(
                f"the model '{model.name}' predicts pictures of shape {pictures.shape[1:]} for the examples of '{examples.name}'; expected "
                f"{expected[:2]}"
            )
        return pictures

    @cached_property
    def summary(self) -> tuple[float, float, float]:
        """Return the least, the greatest and the mean value of all expected pictures."""
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
            f"translation_gallery expects x and y to be pictures of the same size, (height, width, channels), {wanted}, but "
            f"'{examples.name}' has {found}"
        )
    if min(y.shape[:2]) < SSIM_WINDOW:
        raise ValueError(
            f"SSIM needs pictures of at least {SSIM_WINDOW} pixels a side, but '{examples.name}' has {found}"
        )

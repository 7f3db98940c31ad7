"""Read the pictures that a network generated during training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labrun import TrainedModel
from labrun.kit.choosing import evenly

__all__ = ["Strip", "error_table", "read_strip"]

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Strip:
    """Samples of one model: pictures, (count, height, width, channels), in their unit."""

    model: str
    epochs: list[int]
    sources: Reals
    """Inputs: the first channel, or three colour channels"""
    expected: Reals
    generated: Reals
    """(epochs, count, height, width, channels)"""

    def columns(self, most: int) -> list[int]:
        """Return the indices of at most `most` evenly spaced epochs, including the first and the last."""
        return evenly(len(self.epochs), most).tolist()

    def caption(self, most: int) -> str:
        """Describe the figure."""
        drawn = len(self.columns(most))
        which = "" if drawn == len(self.epochs) else f" in {drawn} of the {len(self.epochs)} epochs that were kept"
        return (
            f"Output of '{self.model}' for {len(self.expected)} validation examples during training{which}. Left: input. Right: expected "
            "output."
        )


def read_strip(model: TrainedModel, scale: float) -> Strip:
    """Return the samples of a model, multiplied by `scale`.

    Raises:
        ValueError: it was trained without samples, or they are not pictures.
    """
    samples = model.samples
    if samples is None:
        raise ValueError(
            f"the model '{model.name}' was trained without keeping pictures: set its 'fit.samples', for example {{every: 5, count: 4}}, "
            "and name validation examples"
        )
    given, answers = samples.x, samples.pictures
    pictures = isinstance(given, np.ndarray) and given.ndim == 4 and samples.y.ndim == 4
    if not pictures or answers.shape[1:] != samples.y.shape or samples.y.shape[-1] not in (1, 3):
        raise ValueError(
            f"an evolution strip shows pictures, (height, width, 1) or (height, width, 3); '{model.name}' maps {given.shape[1:]} to "
            f"{answers.shape[2:]}, and its examples have y of shape {samples.y.shape[1:]}"
        )
    sources = given if given.shape[-1] == 3 else given[..., :1]
    return Strip(
        model.name,
        samples.epochs,
        sources.astype(np.float64),
        scale * samples.y.astype(np.float64),
        scale * answers.astype(np.float64),
    )


def error_table(strips: Sequence[Strip]) -> pd.DataFrame:
    """Return columns `model`, `epoch` and `L1`, the mean absolute error over all pixels of all pictures.

    Raises:
        ValueError: two models have the same name.
    """
    names = [one.model for one in strips]
    if len(set(names)) < len(names):
        raise ValueError(f"two models have the same name, but each must have its own: {', '.join(names)}")
    blocks = [
        pd.DataFrame(
            {
                "model": one.model,
                "epoch": one.epochs,
                "L1": np.abs(one.generated - one.expected).mean(axis=(1, 2, 3, 4)),
            }
        )
        for one in strips
    ]
    return pd.concat(blocks, ignore_index=True)

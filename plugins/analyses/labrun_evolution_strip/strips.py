"""The pictures that a network made while it learned."""

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
    """Samples of one model: pictures (count, height, width, channels), in their unit."""

    model: str
    epochs: list[int]
    sources: Reals
    """The first channel alone, or three that are colours"""
    expected: Reals
    generated: Reals
    """(epochs, count, height, width, channels)"""

    def columns(self, most: int) -> list[int]:
        """The places of the epochs that are drawn: at most so many, evenly, the first and the last among them."""
        return evenly(len(self.epochs), most).tolist()

    def caption(self, most: int) -> str:
        """What the figure shows."""
        drawn = len(self.columns(most))
        which = "" if drawn == len(self.epochs) else f", {drawn} of the {len(self.epochs)} epochs that were kept"
        return (
            f"What '{self.model}' made of {len(self.expected)} examples that it never learned from, while it learned{which}; on the left "
            "what it was given, on the right what is expected."
        )


def read_strip(model: TrainedModel, scale: float) -> Strip:
    """Return the samples of a model, multiplied by `scale`.

    Raises:
        ValueError: it was trained without, or they are no pictures.
    """
    samples = model.samples
    if samples is None:
        raise ValueError(
            f"the model '{model.name}' kept no pictures while it was trained: set its 'fit.samples', such as {{every: 5, count: 4}}, and "
            "name validation examples"
        )
    given, answers = samples.x, samples.pictures
    pictures = isinstance(given, np.ndarray) and given.ndim == 4 and samples.y.ndim == 4
    if not pictures or answers.shape[1:] != samples.y.shape or samples.y.shape[-1] not in (1, 3):
        raise ValueError(
            f"an evolution strip shows pictures, (height, width, 1) or (height, width, 3); '{model.name}' answers {answers.shape[2:]} to "
            f"{given.shape[1:]}, and {samples.y.shape[1:]} is expected"
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
    """Columns `model`, `epoch`, `L1`: the mean absolute error over all pixels of all pictures.

    Raises:
        ValueError: two models have one name.
    """
    names = [one.model for one in strips]
    if len(set(names)) < len(names):
        raise ValueError(f"name each model once; there are {', '.join(names)}")
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

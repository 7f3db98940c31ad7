"""Mean and standard deviation of examples, by which others are standardized."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from labrun import Examples
from labrun.files.atomic import write_json
from labrun.kit.batches import batches
from labrun_slices.planes import Slicer

FILE = "statistics.json"
AT_ONCE = 64
"""Slices that are read at once: ten megabytes if they have 200² cells."""


@dataclass(frozen=True)
class Standard:
    """Mean and standard deviation of each channel, (channels,)."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Subtract the mean and divide by the deviation."""
        return (x - self.mean) / self.deviation

    @classmethod
    def of(cls, statistics: Examples | None, slicer: Slicer, folder: Path) -> Standard:
        """Find those of `statistics`, or of the slices themselves, once, by reading all of them; then read them from `folder`.

        Raises:
            ValueError: all values of a channel are equal, or `statistics` have other channels.
        """
        path = folder / FILE
        if not path.is_file():
            given = _slices(slicer) if statistics is None else _inputs(statistics, len(slicer.arrays))
            mean, deviation = _moments(given)
            if not deviation.all():
                name = slicer.arrays[int(np.argmin(deviation))]
                raise ValueError(f"'{name}' has one value everywhere, {mean.min():g}, so it cannot be standardized")
            write_json(path, {"arrays": list(slicer.arrays), "mean": mean.tolist(), "deviation": deviation.tolist()})
        found = json.loads(path.read_text(encoding="utf-8"))
        return cls(np.array(found["mean"], np.float32), np.array(found["deviation"], np.float32))


def _slices(slicer: Slicer) -> Iterator[NDArray[np.float32]]:
    return (slicer(places) for places in batches(len(slicer.places), AT_ONCE))


def _inputs(statistics: Examples, channels: int) -> Iterator[NDArray[np.float32]]:
    spec = statistics.spec.x
    if isinstance(spec, dict) or len(spec.shape) != 3 or spec.shape[-1] != channels:
        has = ", ".join(spec) if isinstance(spec, dict) else f"shape {spec.shape}"
        raise ValueError(f"expected statistics of {channels} channels, but '{statistics.name}' has x of {has}")
    return (statistics.load_x(places) for places in batches(len(statistics), AT_ONCE))


def _moments(given: Iterator[NDArray[np.float32]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute mean and standard deviation of each channel over all other axes."""
    count, total, squares = 0, np.zeros(1), np.zeros(1)
    for batch in given:
        values = batch.reshape(-1, batch.shape[-1]).astype(np.float64)
        count += len(values)
        total = total + values.sum(axis=0)
        squares = squares + (values**2).sum(axis=0)
    mean = total / count
    return mean, np.sqrt(np.maximum(squares / count - mean**2, 0))

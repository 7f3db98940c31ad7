"""Find identical examples by their digests, without holding all of them in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labrun import Examples
from labrun.kit.batches import batches

__all__ = ["Identical", "find_identical"]

BATCH = 128


@dataclass(frozen=True)
class Identical:
    """Identical examples, within and between classes."""

    truth: NDArray[np.int64]
    """(examples,) class of each"""
    counts: NDArray[np.int64]
    """(distinct, classes) number of examples of each class with each x"""
    distinct: NDArray[np.int64]
    """(examples,) number of its x among the distinct ones"""
    empty: NDArray[np.bool_]
    """(examples,) whether all numbers of x are equal"""

    @property
    def ceiling(self) -> float:
        """The best accuracy of a classifier that predicts the same class for the same x."""
        return float(self.counts.max(axis=1).sum() / self.counts.sum())

    @property
    def shared(self) -> NDArray[np.bool_]:
        """Whether an example of another class has the same x, (examples,)."""
        return ((self.counts > 0).sum(axis=1) > 1)[self.distinct]


def find_identical(examples: Examples) -> Identical:
    """Read all examples once, some at a time."""
    assert examples.classes is not None
    truth = examples.load_y(slice(None))
    digests, empty = zip(*_read(examples), strict=True)
    _, distinct = np.unique(np.array(digests), return_inverse=True)
    counts = np.zeros((distinct.max() + 1, len(examples.classes)), np.int64)
    np.add.at(counts, (distinct, truth), 1)
    return Identical(truth, counts, distinct, np.array(empty))


def _read(examples: Examples) -> Iterator[tuple[str, bool]]:
    """Yield a digest of the x of each example, and whether it is empty."""
    for places in batches(len(examples), BATCH):
        x = examples.load_x(places)
        inputs = list(x.values()) if isinstance(x, dict) else [x]
        for one in zip(*inputs, strict=True):
            yield _digest(one), all(bool((array == array.flat[0]).all()) for array in one)


def _digest(arrays: tuple[Any, ...]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        digest.update(np.ascontiguousarray(array + 0).tobytes())  # -0.0 + 0 is 0.0, which has other bytes
    return digest.hexdigest()

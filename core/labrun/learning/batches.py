"""Batches of examples for Keras, read from disk when they are needed.

Their order and augmentation depend only on the seed, the epoch and the number of the batch, so a resumed training sees exactly what an
undisturbed one would have seen. Memory is bounded whatever the size of the dataset.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from labrun.contracts.examples import Examples
from labrun.learning.augmentation import Augmentation
from labrun.seeds import generator

if TYPE_CHECKING:
    import keras
    import numpy as np

__all__ = ["Batches", "as_keras"]


@dataclass
class Batches:
    """The batches of one epoch at a time; set `epoch` before reading them."""

    examples: Examples
    batch_size: int
    seed: int = 0
    shuffle: bool = False
    augmentation: Augmentation | None = None
    epoch: int = 0

    def __post_init__(self) -> None:
        self._order = lru_cache(maxsize=1)(self.order)  # one for all batches of an epoch

    def __len__(self) -> int:
        return -(-len(self.examples) // self.batch_size)

    def order(self, epoch: int) -> np.ndarray:
        """Return the indices of all examples in the order of an epoch."""
        import numpy as np

        if not self.shuffle:
            return np.arange(len(self.examples))
        return generator(self.seed, "order", epoch).permutation(len(self.examples))

    def batch(self, number: int) -> tuple[Any, np.ndarray]:
        """Load the inputs and targets of one batch of the current epoch."""
        import numpy as np

        chosen = self._order(self.epoch)[number * self.batch_size : (number + 1) * self.batch_size]
        ascending = np.sort(chosen)  # files are read from front to back
        x, y = self.examples.load(ascending)
        back = np.searchsorted(ascending, chosen)
        if isinstance(x, dict):
            return {name: array[back] for name, array in x.items()}, y[back]
        x, y = x[back], y[back]
        if self.augmentation is not None:
            rng = generator(self.seed, "augment", self.epoch, number)
            x, y = self.augmentation.apply_to_both(x, y, self.examples.periodic, rng)
        return x, y


def as_keras(batches: Batches) -> keras.utils.PyDataset:
    """Wrap batches for `model.fit`; with TensorFlow they are read in a thread while the network computes."""
    import keras

    class Stream(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
        def __len__(self) -> int:
            return len(batches)

        def __getitem__(self, number: int) -> tuple[Any, np.ndarray]:
            return batches.batch(number)

    return Stream()

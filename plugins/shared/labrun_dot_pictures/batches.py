"""Batches of windows for a training."""

from __future__ import annotations

import keras
import numpy as np

from labrun_dot_pictures.windows import Windows

__all__ = ["WindowBatches"]


class WindowBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """The batches of another dataset, (x, y) pictures of dots and the expected answers, as windows.

    All are squares of one size, that of the largest window: Keras takes the sizes of the first batches for those of all. The pictures are
    looked at once to find it.
    """

    def __init__(self, batches: keras.utils.PyDataset, windows: Windows) -> None:
        super().__init__()
        self.batches, self.windows = batches, windows
        self.side = max(windows.side(batches[number][0]) for number in range(len(batches)))

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y of a batch, (batch, side, side, channels) each, dimensionless."""
        x, y = self.batches[number]
        return self.windows.shown_pairs(x, y, self.side)

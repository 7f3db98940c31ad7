"""A dataset of one batch, for tests of what networks are shown in training."""

from __future__ import annotations

import keras
import numpy as np


class OneBatch(keras.utils.PyDataset):
    """One batch of pairs, (batch, height, width, channels) each."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        super().__init__()
        self.pair = x, y

    def __len__(self) -> int:
        return 1

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        return self.pair

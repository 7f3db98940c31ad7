"""What a network made of a few fixed examples while it trained: `fit.samples` of a project, `TrainedModel.samples` of an analysis."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labrun.files.limits import expect_archive

if TYPE_CHECKING:
    import numpy as np


__all__ = [
    "Samples",
]

FILE = "samples.npz"


@dataclass(frozen=True)
class Samples:
    """The examples `x` and `y`, (count, …) each, and what the network made of `x` after each of some epochs, (epochs, count, …)."""

    epochs: list[int]
    pictures: np.ndarray
    x: np.ndarray
    y: np.ndarray

    @classmethod
    def load(cls, folder: Path) -> Samples | None:
        """Read those of a trained model; None if it was trained without."""
        import numpy as np

        if not (folder / FILE).exists():
            return None
        expect_archive(folder / FILE)
        with np.load(folder / FILE, allow_pickle=False) as file:
            return cls(file["epochs"].tolist(), file["pictures"], file["x"], file["y"])

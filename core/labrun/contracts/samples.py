"""Predictions for a few fixed examples, taken during a training: `fit.samples` in a project, `TrainedModel.samples` in an analysis."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labrun.files.guarded import GuardedPath
from labrun.files.limits import expect_archive

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Samples"]

FILE = "samples.npz"


@dataclass(frozen=True)
class Samples:
    """The examples `x` and `y`, (count, …) each, and the predictions for `x` after each of the `epochs`: `pictures`, (epochs, count, …)."""

    epochs: list[int]
    pictures: np.ndarray
    x: np.ndarray
    y: np.ndarray

    @classmethod
    def load(cls, folder: Path) -> Samples | None:
        """Read the samples of a trained model; None if its training took none."""
        import numpy as np

        path = GuardedPath(folder) / FILE
        if not path.is_there():
            return None
        expect_archive(path)
        with path.opened() as stream, np.load(stream, allow_pickle=False) as file:
            return cls(file["epochs"].tolist(), file["pictures"], file["x"], file["y"])

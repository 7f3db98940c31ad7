"""What a network made of a few fixed examples while it trained: `fit.samples` of a project, `TrainedModel.samples` of an analysis."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.digests import append_digest
from labrun.files import write_atomically
from labrun.limits import expect_archive

if TYPE_CHECKING:
    import numpy as np

    from labrun.examples import Examples

__all__ = ["Samples", "Sampling", "sample_file"]

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


@dataclass(frozen=True)
class Sampling:
    """Takes samples of a training, one file an epoch beside its checkpoint, so that a resumed training keeps those that it has."""

    examples: Examples
    count: int
    every: int
    folder: Path

    def take(self, epoch: int, predict: Any) -> None:
        """Keep what `predict` makes of the examples, if it is this epoch's turn."""
        import numpy as np

        if epoch % self.every:
            return
        x = self.examples.load_x(range(min(self.count, len(self.examples))))
        with write_atomically(self._file(epoch)) as temporary, temporary.open("wb") as stream:
            np.save(stream, np.asarray(predict(x)))
            stream.flush()
            append_digest(temporary)

    def collect(self, epochs: int, target: Path) -> None:
        """Write all samples up to the last epoch into the folder of a trained model."""
        import numpy as np

        taken = [epoch for epoch in range(self.every, epochs + 1, self.every) if self._file(epoch).exists()]
        if not taken:
            return
        x, y = self.examples.load(range(min(self.count, len(self.examples))))
        pictures = np.stack([np.load(self._file(epoch), allow_pickle=False) for epoch in taken])
        with write_atomically(target / FILE) as temporary, temporary.open("wb") as stream:
            np.savez(stream, epochs=np.array(taken), pictures=pictures, x=x, y=y)

    def _file(self, epoch: int) -> Path:
        return sample_file(self.folder, epoch)


def sample_file(folder: Path, epoch: int) -> Path:
    """Where the sample of an epoch lies while the training goes on. The file ends with its digest (`labrun.digests`)."""
    return folder / f"sample-{epoch}.npy"

"""Samples of a training: the predictions for a few fixed examples, kept every few epochs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.contracts.samples import FILE
from labrun.files.digests import append_digest
from labrun.files.guarded import GuardedPath

if TYPE_CHECKING:
    import numpy as np

    from labrun.contracts.examples import Examples

__all__ = ["Sampling", "sample_file"]


@dataclass(frozen=True)
class Sampling:
    """Takes samples of a training, one file each beside the checkpoint, so that a resumed training keeps those taken before."""

    examples: Examples
    count: int
    every: int
    folder: GuardedPath

    def take(self, epoch: int, predict: Any) -> None:
        """Predict the fixed examples and write the result, if a sample is due in this epoch (counted from 1)."""
        import numpy as np

        if epoch % self.every:
            return
        x = self.examples.load_x(range(min(self.count, len(self.examples))))
        with self._file(epoch).written() as stream:
            np.save(stream, np.asarray(predict(x)))
            append_digest(stream)

    def collect(self, epochs: int, target: Path) -> None:
        """Write all samples up to the epoch `epochs` into the folder of a trained model."""
        import numpy as np

        taken = [epoch for epoch in range(self.every, epochs + 1, self.every) if self._file(epoch).is_there()]
        if not taken:
            return
        x, y = self.examples.load(range(min(self.count, len(self.examples))))
        pictures = np.stack([self._sample(epoch) for epoch in taken])
        with (GuardedPath(target) / FILE).written() as stream:
            np.savez(stream, epochs=np.array(taken), pictures=pictures, x=x, y=y)

    def _sample(self, epoch: int) -> np.ndarray:
        import numpy as np

        with self._file(epoch).opened() as stream:
            return np.asarray(np.load(stream, allow_pickle=False))

    def _file(self, epoch: int) -> GuardedPath:
        return sample_file(self.folder, epoch)


def sample_file(folder: GuardedPath, epoch: int) -> GuardedPath:
    """Return the path of an epoch's sample during the training. The file ends with its digest (`labrun.files.digests`)."""
    return folder / f"sample-{epoch}.npy"

"""Dataset `encoded`: another dataset, encoded by a layer of a trained network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from labrun import Dataset, Examples, Field, TrainedModel, hookimpl

if TYPE_CHECKING:
    import numpy as np

FILE = "codes.npy"
AT_ONCE = 1024
"""Examples that are encoded at once; memory holds their codes, but not their inputs"""


class Encoded(Dataset):
    """Another dataset passed through a trained encoder: `x` is the output of a layer of the network, all else is unchanged.

    `encoder` is any trained model, `layer` one of its layers: by default `code`, as `autoencoder` calls its code. `y`, classes, groups (so
    that a split keeps together what belongs together) and the table of the examples are those of `dataset`.

    Every example is encoded once. The codes are written to a file in the stage's folder, in the type of the layer's output (float32), and
    read from there when they are needed, so that memory holds one batch. `x` does not count as periodic: networks pad at the edges.
    """

    name: ClassVar[str] = "encoded"
    version: ClassVar[int] = 1

    layer: str = Field("code", description="layer of the encoder whose output is x")

    def examples(self, dataset: Examples, encoder: TrainedModel, folder: Path) -> Examples:
        """Make `x` the output of the layer, (…,) for one example, and `y` as in `dataset`.

        Raises:
            ValueError: the encoder takes other shapes, or has no such layer.
        """
        import numpy as np

        path = folder / FILE
        if not path.is_file():
            self._write(path, dataset, encoder)
        codes = np.load(path, mmap_mode="r", allow_pickle=False)
        return Examples(
            lambda indices: np.array(codes[indices]),
            dataset.load_y,
            dataset.groups,
            classes=dataset.classes,
            quantity=dataset.quantity,
            table=dataset.table,
        )

    def _write(self, path: Path, dataset: Examples, encoder: TrainedModel) -> None:
        import numpy as np

        from labrun.files.atomic import write_atomically

        batches = self._batches(dataset, encoder)
        first = next(batches)
        with write_atomically(path) as temporary:
            shape = (len(dataset), *first.shape[1:])
            codes = np.lib.format.open_memmap(temporary, "w+", first.dtype, shape)
            codes[: len(first)] = first
            for start, batch in zip(range(AT_ONCE, len(dataset), AT_ONCE), batches, strict=True):
                codes[start : start + len(batch)] = batch
            codes.flush()

    def _batches(self, dataset: Examples, encoder: TrainedModel) -> Iterator[np.ndarray]:
        import numpy as np

        count = len(dataset)
        for start in range(0, max(1, count), AT_ONCE):  # `activations` refuses a dataset without examples
            yield encoder.activations(dataset.take(np.arange(start, min(start + AT_ONCE, count))), self.layer)


@hookimpl
def labrun_datasets() -> list[type[Dataset]]:
    """Offer the dataset."""
    return [Encoded]

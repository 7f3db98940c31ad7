"""Examples in somebody else's training loop: as a dataset of Keras, PyTorch or `tf.data`. Each library is imported when it is asked for.

Examples are read from disk a batch at a time, front to back, whatever the order in which they are wanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from labrun.seeds import generator

if TYPE_CHECKING:
    import keras
    import numpy as np
    import tensorflow as tf
    import torch

__all__ = ["Loadable", "as_keras_dataset", "as_tf_dataset", "as_torch_dataset"]


class Loadable(Protocol):
    """What is needed of `Examples`."""

    def __len__(self) -> int: ...
    def load(self, indices: Any) -> tuple[Any, np.ndarray]: ...
    @property
    def spec(self) -> Any: ...


def as_keras_dataset(examples: Loadable, batch_size: int, seed: int | None) -> keras.utils.PyDataset:
    """Return batches for `model.fit(…, shuffle=False)`; see `Examples.to_keras`."""
    import keras

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
        def __init__(self) -> None:
            super().__init__()
            self.epoch = 0

        def __len__(self) -> int:
            return -(-len(examples) // batch_size)

        def __getitem__(self, number: int) -> tuple[Any, np.ndarray]:
            order = _order(examples, seed, self.epoch)
            return _load(examples, order[number * batch_size : (number + 1) * batch_size])

        def on_epoch_end(self) -> None:
            self.epoch += 1

    return Batches()


def as_torch_dataset(examples: Loadable) -> torch.utils.data.Dataset:
    """Return a dataset for `torch.utils.data.DataLoader`; see `Examples.to_torch`."""
    import torch

    class Items(torch.utils.data.Dataset):  # type: ignore[misc]  # PyTorch is optional, and not followed
        def __len__(self) -> int:
            return len(examples)

        def __getitem__(self, index: int) -> tuple[Any, Any]:
            return self.__getitems__([index])[0]

        def __getitems__(self, indices: Sequence[int]) -> list[tuple[Any, Any]]:
            """Load a batch at once, as `DataLoader` asks for it."""
            import numpy as np

            x, y = _load(examples, np.asarray(indices))
            targets = torch.from_numpy(y)
            if isinstance(x, dict):
                inputs = {name: torch.from_numpy(array) for name, array in x.items()}
                return [({name: array[i] for name, array in inputs.items()}, targets[i]) for i in range(len(indices))]
            return list(zip(torch.from_numpy(x), targets, strict=True))

    return Items()


def as_tf_dataset(examples: Loadable, batch_size: int, seed: int | None) -> tf.data.Dataset:
    """Return a dataset of batches; see `Examples.to_tf`."""
    import tensorflow as tf

    epoch = 0

    def batches() -> Iterator[tuple[Any, np.ndarray]]:
        nonlocal epoch
        order, epoch = _order(examples, seed, epoch), epoch + 1
        for start in range(0, len(order), batch_size):
            yield _load(examples, order[start : start + batch_size])

    def signature(spec: Any) -> Any:
        return tf.TensorSpec((None, *spec.shape), spec.dtype)

    spec = examples.spec
    x = {name: signature(one) for name, one in spec.x.items()} if isinstance(spec.x, dict) else signature(spec.x)
    count = -(-len(examples) // batch_size)
    made = tf.data.Dataset.from_generator(batches, output_signature=(x, signature(spec.y)))
    return made.apply(tf.data.experimental.assert_cardinality(count))


def _order(examples: Loadable, seed: int | None, epoch: int) -> np.ndarray:
    """Return the indices of all examples in the order of an epoch."""
    import numpy as np

    return np.arange(len(examples)) if seed is None else generator(seed, "order", epoch).permutation(len(examples))


def _load(examples: Loadable, chosen: np.ndarray) -> tuple[Any, np.ndarray]:
    """Load examples in the order of `chosen`, reading files from front to back."""
    import numpy as np

    ascending, back = np.unique(chosen, return_inverse=True)
    x, y = examples.load(ascending)
    return {name: array[back] for name, array in x.items()} if isinstance(x, dict) else x[back], y[back]

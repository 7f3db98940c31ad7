"""Continue images to sizes that pools divide, and crop them at the end. Sizes are known only when images come."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class Continue(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Continue images, (batch, height, width, channels), below and to the right until `multiple` divides their sides."""

    def __init__(self, multiple: int, periodic: bool, name: str) -> None:
        super().__init__(name=name)
        self.multiple, self.periodic = multiple, periodic

    def call(self, x: Any) -> Any:
        """Repeat the first pixels if the image is periodic, otherwise the last ones."""
        for axis in (1, 2):
            size = ops.shape(x)[axis]
            if isinstance(size, int) and size % self.multiple == 0:
                continue
            places = ops.arange(-(-size // self.multiple) * self.multiple, dtype="int32")
            places = places % size if self.periodic else ops.minimum(places, size - 1)
            x = ops.take(x, places, axis=axis)
        return x

    def compute_output_shape(self, shape: Any) -> Any:
        """Return the shape; a size that is open stays open."""
        sizes = (None if size is None else -(-size // self.multiple) * self.multiple for size in shape[1:3])
        return (shape[0], *sizes, shape[3])


class CutOff(keras.layers.Layer):  # type: ignore[misc]
    """Cut images to the height and width of others, which come second."""

    def call(self, both: Any) -> Any:
        """Return the upper left part."""
        x, like = both
        return x[:, : ops.shape(like)[1], : ops.shape(like)[2]]

    def compute_output_shape(self, shapes: Any) -> Any:
        """Return the shape: the sizes of the second image."""
        return (shapes[0][0], *shapes[1][1:3], shapes[0][3])

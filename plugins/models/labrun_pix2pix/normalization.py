"""Batch normalization that does not mix the pictures of a batch in predictions."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops


@keras.saving.register_keras_serializable("labrun_pix2pix")
class PictureNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]  # Keras has no types
    """Batch normalization, x → γ (x - μ) / √(σ² + ε) + β for each channel.

    In training μ and σ² are those of the batch. In predictions they are the running ones (`statistics: training`), or those of each picture
    over its pixels (`picture`), as in training mode with a batch of one.
    """

    def __init__(self, statistics: Literal["picture", "training"], **others: Any) -> None:
        super().__init__(**others)
        self.statistics = statistics

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalize (batch, height, width, channels)."""
        if training or self.statistics == "training":
            return super().call(inputs, training=training, mask=mask)
        mean, variance = ops.moments(inputs, axes=[1, 2], keepdims=True)
        return (inputs - mean) * (self.gamma * ops.rsqrt(variance + self.epsilon)) + self.beta

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "statistics": self.statistics}

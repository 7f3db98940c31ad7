"""The functional graph of `simple_cnn`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
from keras import layers

from labrun import ExampleSpec

if TYPE_CHECKING:
    from labrun_simple_cnn import SimpleCNN

__all__ = ["build_network"]


def build_network(settings: SimpleCNN, examples: ExampleSpec) -> keras.Model:
    """Return the compiled network."""
    _check(settings, examples)
    assert not isinstance(examples.x, dict)

    # input
    shape = examples.x.shape
    inputs = keras.Input(shape, dtype=examples.x.dtype, name="x")
    x = layers.Rescaling(1 / settings.divisor, name="scaled")(inputs)
    if len(shape) == 2:
        x = layers.Reshape((*shape, 1), name="channel")(x)

    # features
    for number, kernels in enumerate(settings.filters, start=1):
        x = layers.Conv2D(kernels, 3, padding="same", activation="relu", name=f"conv{number}")(x)
        x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
    x = layers.Flatten(name="flat")(x)

    # output
    x = layers.Dense(settings.dense, "relu", name="dense")(x)
    x = layers.Dense(len(examples.classes or "1"), name="answer")(x)

    model = keras.Model(inputs, x, name="simple_cnn")
    is_class = examples.classes is not None
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True) if is_class else "mse"
    optimizer = keras.optimizers.Adam(settings.learning_rate)
    model.compile(optimizer, loss, metrics=["accuracy"] if is_class else ["mae"], jit_compile=False)
    return model


def _check(settings: SimpleCNN, examples: ExampleSpec) -> None:
    if isinstance(examples.x, dict) or len(examples.x.shape) not in (2, 3):
        found = f"the inputs {', '.join(examples.x)}" if isinstance(examples.x, dict) else f"{examples.x.shape}"
        raise ValueError(
            f"simple_cnn takes x of (height, width) or (height, width, channels); these examples have {found}"
        )
    if examples.classes is None and examples.y.shape not in ((), (1,)):
        raise ValueError(
            f"simple_cnn predicts classes or one number; the y of these examples has the shape {examples.y.shape}"
        )
    least = 2 ** len(settings.filters)
    if min(examples.x.shape[:2]) < least:
        raise ValueError(
            f"{len(settings.filters)} pools halve a picture to nothing: expected at least {least} × {least} pixels, found "
            f"{examples.x.shape[0]} × {examples.x.shape[1]}. Give fewer 'filters', or larger pictures"
        )

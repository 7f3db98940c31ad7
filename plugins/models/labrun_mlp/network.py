"""The functional graph of `mlp`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import keras
from keras import layers

from labrun import ExampleSpec
from labrun_layers.rescaling import apply_ranges

if TYPE_CHECKING:
    from labrun_mlp import MLP

__all__ = ["build_network"]


def build_network(settings: MLP, examples: ExampleSpec) -> keras.Model:
    """Return the compiled network."""
    _check(settings, examples)
    assert not isinstance(examples.x, dict)

    # input
    inputs = keras.Input(examples.x.shape, dtype=examples.x.dtype, name="x")
    x = layers.Flatten(name="flat")(inputs)
    if settings.ranges is not None:
        x = apply_ranges(x, settings.ranges)

    # the hidden layers
    for number, neurons in enumerate(settings.hidden, start=1):
        x = layers.Dense(neurons, settings.activation, name=f"hidden{number}")(x)

    # output
    is_class = examples.classes is not None
    answers = len(examples.classes) if examples.classes is not None else math.prod(examples.y.shape)
    model = keras.Model(inputs, layers.Dense(answers, name="answer")(x), name="mlp")
    optimizer = (keras.optimizers.Adam if settings.optimizer == "adam" else keras.optimizers.SGD)(
        settings.learning_rate
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True) if is_class else "mse"
    model.compile(optimizer, loss, metrics=["accuracy"] if is_class else ["mae"], jit_compile=False)
    return model


def _check(settings: MLP, examples: ExampleSpec) -> None:
    if isinstance(examples.x, dict):
        raise ValueError(f"mlp takes one array; these examples have the inputs {', '.join(examples.x)}")
    if len(examples.y.shape) > 1:
        raise ValueError(f"mlp predicts classes or numbers; the y of these examples has the shape {examples.y.shape}")

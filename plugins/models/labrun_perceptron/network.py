"""The functional graph of `perceptron`, and the loss whose gradient is Rosenblatt's rule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import layers, ops

from labrun import ExampleSpec
from labrun_layers.rescaling import apply_ranges

if TYPE_CHECKING:
    from labrun_perceptron import Perceptron

__all__ = ["PerceptronCriterion", "build_network"]

ABOVE_ZERO = 1e-30
"""Added to z ≥ 0, so that z is the greater of (0, z) also at z = 0, as step(0) = 1 demands; all other z are too large to change."""


class PerceptronCriterion(keras.losses.Loss):  # type: ignore[misc]  # Keras has no types
    """(f(x) − y) z for each example, where f(x) is held constant: the perceptron criterion max(0, −s z), s = 2y − 1.

    Its gradient in z is f(x) − y, also at z = 0, where max(0, −s z) has none.
    """

    def __init__(self, reduction: str = "sum", name: str = "perceptron_criterion", **more: Any) -> None:
        super().__init__(name=name, reduction=reduction, **more)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the criterion, (batch,), for `y_true` (batch,) or (batch, 1), 0 or 1, and `y_pred` (batch, 2), 0 and z."""
        z = y_pred[:, 1] - y_pred[:, 0]
        y = ops.reshape(ops.cast(y_true, z.dtype), (-1,))
        answer = ops.stop_gradient(ops.cast(z >= 0, z.dtype))
        return (answer - y) * z


class Answers(layers.Layer):  # type: ignore[misc]
    """Turn z, (batch, 1), into 0 and z, (batch, 2), of which the second is greater if step(z) = 1."""

    def call(self, z: Any) -> Any:
        """Return 0 and z."""
        return ops.concatenate([ops.zeros_like(z), z + ABOVE_ZERO * ops.cast(z >= 0, z.dtype)], axis=-1)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the output."""
        return (*shape[:-1], 2)


def build_network(settings: Perceptron, examples: ExampleSpec) -> keras.Model:
    """Return the compiled network."""
    count = _check(settings, examples)
    assert not isinstance(examples.x, dict)

    # input
    inputs = keras.Input(examples.x.shape, dtype=examples.x.dtype, name="x")
    x = layers.Flatten(name="flat")(inputs)
    if settings.ranges is not None:
        x = apply_ranges(x, settings.ranges)

    # the neuron
    weights = np.zeros(count) if settings.weights is None else np.array(settings.weights)
    start = {
        "kernel_initializer": keras.initializers.Constant(weights[:, None].tolist()),
        "bias_initializer": keras.initializers.Constant(settings.bias),
    }
    z = layers.Dense(1, **start, name="neuron")(x)

    model = keras.Model(inputs, Answers(name="answers")(z), name="perceptron")
    # with steps of length 0, since Keras warns about a model without trainable weights
    optimizer = keras.optimizers.SGD(settings.learning_rate if settings.trainable else 0.0)
    model.compile(optimizer, PerceptronCriterion(), metrics=["accuracy"], jit_compile=False)
    return model


def _check(settings: Perceptron, examples: ExampleSpec) -> int:
    """Return the number of inputs."""
    if examples.classes is None or len(examples.classes) != 2:
        found = f"the {len(examples.classes)} classes {', '.join(examples.classes)}" if examples.classes else "numbers"
        raise ValueError(f"a perceptron separates two classes; these examples have {found}: use mlp")
    if isinstance(examples.x, dict):
        raise ValueError(f"a perceptron takes one array; these examples have the inputs {', '.join(examples.x)}")
    count = math.prod(examples.x.shape)
    if settings.weights is not None and len(settings.weights) != count:
        raise ValueError(
            f"a perceptron has a weight for each of its {count} inputs; 'weights' has {len(settings.weights)}"
        )
    return count

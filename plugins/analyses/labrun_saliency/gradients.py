"""Gradients of a network's scores with respect to its input, for each backend of Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from labrun.contracts.backend import load_keras

if TYPE_CHECKING:
    import keras

    from labrun import TrainedModel
else:
    keras = load_keras()  # keeps TensorFlow quiet as it starts

__all__ = ["input_gradients", "score_network"]


def score_network(model: TrainedModel) -> keras.Model:
    """Return the network whose outputs are the scores of the classes: the logits, or ln p for a network that predicts probabilities."""
    network = model.network
    if model.plugin.output == "logits":
        return network
    smallest = float(np.finfo("float32").tiny)
    return keras.Model(network.input, keras.ops.log(keras.ops.maximum(network.output, smallest)))


def input_gradients(network: keras.Model, x: np.ndarray, class_numbers: np.ndarray) -> np.ndarray:
    """Return ∂S_c(x)/∂x, the change of the score of class c with each value of the input.

    The network runs as in prediction (no dropout, stored means in batch normalization), so examples do not influence each other's scores,
    and one backward pass from Σᵢ S_cᵢ(xᵢ) gives the gradients of all.

    Args:
        x: inputs, (n, …).
        class_numbers: class c of each, (n,).

    Returns:
        Scores per unit of x, of the shape of `x`, float32.
    """
    chosen = np.eye(network.output_shape[-1], dtype=np.float32)[class_numbers]
    return _GRADIENTS[keras.backend.backend()](network, x.astype(np.float32), chosen)


def _by_tensorflow(network: keras.Model, x: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    import tensorflow

    inputs = tensorflow.constant(x)
    with tensorflow.GradientTape() as tape:
        tape.watch(inputs)
        score = tensorflow.reduce_sum(network(inputs, training=False) * chosen)
    return tape.gradient(score, inputs).numpy()


def _by_jax(network: keras.Model, x: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    import jax  # an optional backend

    trained = [v.value for v in network.trainable_variables]
    state = [v.value for v in network.non_trainable_variables]

    def score(inputs: jax.Array) -> jax.Array:
        scores, _ = network.stateless_call(trained, state, inputs, training=False)
        return (scores * chosen).sum()

    return np.asarray(jax.grad(score)(jax.numpy.asarray(x)))


def _by_torch(network: keras.Model, x: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    import torch  # an optional backend

    inputs = keras.ops.convert_to_tensor(x).requires_grad_()
    score = (network(inputs, training=False) * keras.ops.convert_to_tensor(chosen)).sum()
    (gradient,) = torch.autograd.grad(score, inputs)
    return gradient.cpu().numpy()


_GRADIENTS: dict[str, Callable[[keras.Model, np.ndarray, np.ndarray], np.ndarray]] = {
    "tensorflow": _by_tensorflow,
    "jax": _by_jax,
    "torch": _by_torch,
}

"""Gradients on each backend of Keras, in a process of its own: Keras keeps the one that it starts with."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest
from tests.waiting import HANG

CHECK = """
import keras, numpy as np
from keras import layers, ops
from labrun_saliency.gradients import input_gradients

assert keras.backend.backend() == "{backend}"
rng = np.random.default_rng(0)

# a linear network: the gradient of a score is its column of the weights, wherever x is
inputs = keras.Input((4, 3))
linear = keras.Model(inputs, layers.Dense(5)(layers.Flatten()(inputs)))
weights = ops.convert_to_numpy(linear.trainable_weights[0])
classes = np.array([4, 0, 4])
found = input_gradients(linear, rng.normal(size=(3, 4, 3)), classes)
assert found.shape == (3, 4, 3) and found.dtype == np.float32
np.testing.assert_array_equal(found.reshape(3, -1), weights.T[classes])

# a network with layers that behave otherwise in training: central differences, one example at a time
inputs = keras.Input((6, 5, 2))
x = layers.BatchNormalization(momentum=0.5)(inputs)
x = layers.Conv2D(4, 3, activation="tanh")(x)
x = layers.Dropout(0.5)(layers.Flatten()(x))
network = keras.Model(inputs, layers.Dense(3)(x))
network(rng.normal(2.0, 3.0, (8, 6, 5, 2)).astype("float32"), training=True)  # moves the stored means
points, classes, step = rng.normal(size=(2, 6, 5, 2)).astype("float32"), np.array([2, 1]), 1e-2
found = input_gradients(network, points, classes)
for i, c in enumerate(classes):
    units = step * np.eye(points[i].size, dtype="float32").reshape(-1, *points[i].shape)
    ahead, behind = (ops.convert_to_numpy(network(points[i] + s * units, training=False))[:, c] for s in (1, -1))
    np.testing.assert_allclose(found[i].ravel(), (ahead - behind) / (2 * step), atol=2e-3)
assert np.abs(found).max() > 0.05
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_gradients_are_those_of_calculus(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install {backend} tests its gradients too")
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "2"}
    done = subprocess.run(
        [sys.executable, "-c", CHECK.format(backend=backend)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert done.returncode == 0, done.stderr

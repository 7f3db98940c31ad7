"""What is written of a network, against networks whose layers are known."""

import numpy as np
import pytest

from labrun.contracts.examples import ArraySpec, ExampleSpec

keras = pytest.importorskip("keras")


def spec(*shape):
    return ExampleSpec(ArraySpec(shape, "float32"), ArraySpec((), "int64"))


def branched():
    image = keras.Input((None, None, 1), name="image")
    first = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(image)
    small = keras.layers.MaxPooling2D(name="pool")(keras.ops.relu(first))  # an operation that is not a layer
    mean = keras.layers.GlobalAveragePooling2D(name="mean")(small)
    other = keras.layers.GlobalMaxPooling2D(name="max")(first)
    answer = keras.layers.Dense(3, name="answer")(keras.layers.Concatenate(name="both")([mean, other]))
    model = keras.Model(image, answer)
    model.compile(optimizer=keras.optimizers.SGD(0.1, momentum=0.9))
    return model


def test_shapes_are_those_of_the_examples_though_the_network_takes_any_size():
    from labrun.learning.network_record import network_record

    found = {layer["name"]: layer["shape"] for layer in network_record(branched(), spec(12, 10, 1))["layers"]}
    assert found["first"] == [12, 10, 4]
    assert found["pool"] == [6, 5, 4]
    assert (found["both"], found["answer"]) == ([8], [3])


def test_inputs_are_traced_through_operations_that_are_not_layers():
    from labrun.learning.network_record import network_record

    found = {layer["name"]: layer["inputs"] for layer in network_record(branched(), spec(12, 10, 1))["layers"]}
    assert found["pool"] == ["first"]
    assert found["both"] == ["mean", "max"]
    assert found["image"] == []


def test_weights_settings_and_optimizer():
    from labrun.learning.network_record import network_record

    found = network_record(branched(), spec(12, 10, 1))
    layers = {layer["name"]: layer for layer in found["layers"]}
    assert layers["first"]["weights"] == 3 * 3 * 4 + 4
    assert layers["first"]["settings"] == {
        "filters": 4,
        "kernel_size": (3, 3),
        "padding": "same",
        "activation": "relu",
    }
    assert found["weights"] == sum(layer["weights"] for layer in found["layers"]) == 40 + 8 * 3 + 3
    (optimizer,) = found["optimizers"]
    assert optimizer["kind"] == "SGD"
    assert optimizer["settings"]["learning_rate"] == 0.1
    assert optimizer["settings"]["momentum"] == 0.9


def test_a_layer_that_needs_numbers_leaves_its_size_open():
    from labrun.learning.network_record import network_record

    class Picky(keras.layers.Layer):
        def call(self, x):
            return x

        def compute_output_shape(self, shape):
            if shape[1] is not None:
                raise ValueError("no")
            return shape

    given = keras.Input((None, 2), name="given")
    model = keras.Model(given, keras.layers.Dense(1, name="answer")(Picky(name="picky")(given)))
    model.compile(optimizer="adam")
    found = {layer["name"]: layer["shape"] for layer in network_record(model, spec(7, 2))["layers"]}
    assert found["answer"] == [None, 1]
    assert np.isfinite(network_record(model, spec(7, 2))["weights"])

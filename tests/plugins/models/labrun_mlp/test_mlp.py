from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
from pydantic import ValidationError
from scipy.special import expit

from labrun import ArraySpec, ExampleSpec
from labrun_mlp import MLP


def spec(shape=(2,), classes=None, y=(), dtype="float32"):
    return ExampleSpec(ArraySpec(shape, dtype), ArraySpec(y, "float32"), classes)


@pytest.mark.parametrize(
    ("activation", "g"), [("sigmoid", expit), ("tanh", np.tanh), ("relu", lambda z: np.maximum(z, 0))]
)
def test_it_is_the_equation(activation, g, rng):
    plugin = MLP(hidden=[5, 3], activation=activation, ranges=[(0, 100), (500, 1500)])
    model = plugin.build(spec(classes=("a", "b", "c")))
    x = rng.uniform([0, 500], [100, 1500], (7, 2)).astype(np.float32)
    h = np.stack([x[:, 0] / 50 - 1, (x[:, 1] - 1000) / 500], axis=1)
    for name in ("hidden1", "hidden2"):
        kernel, bias = model.get_layer(name).get_weights()
        h = g(h @ kernel + bias)
    kernel, bias = model.get_layer("answer").get_weights()
    np.testing.assert_allclose(model.predict_on_batch(x), h @ kernel + bias, atol=1e-5)


def test_the_network_of_the_21_cm_domain_has_its_weights():
    model = MLP(hidden=[350]).build(spec((50, 50), y=(17,)))
    assert model.count_params() == 2500 * 350 + 350 + 350 * 17 + 17
    assert model.output_shape == (None, 17)


def test_ranges_do_not_change_what_comes_out_of_a_picture_of_any_shape(rng):
    x = rng.integers(0, 256, (4, 3, 5, 2), dtype=np.uint8)
    keras.utils.set_random_seed(1)
    raw = MLP(ranges=[(0, 255)]).build(spec((3, 5, 2), dtype="uint8"))
    keras.utils.set_random_seed(1)
    flat = MLP().build(spec((30,)))
    np.testing.assert_allclose(
        raw.predict_on_batch(x), flat.predict_on_batch((x.reshape(4, 30) / 127.5 - 1).astype(np.float32)), atol=1e-5
    )


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("classes", [("off", "on"), None])
def test_it_learns_saves_and_loads(optimizer, classes, tmp_path, rng):
    keras.utils.set_random_seed(1)
    x = rng.uniform(-1, 1, (200, 2)).astype(np.float32)
    y = (x[:, 0] > x[:, 1]).astype(np.int64 if classes else np.float32)
    plugin = MLP(optimizer=optimizer, learning_rate=0.02 if optimizer == "adam" else 0.2)
    model = plugin.build(spec(classes=classes))
    assert type(model.optimizer).__name__.lower() == optimizer
    history = model.fit(x, y, epochs=10, batch_size=20, verbose=0).history
    assert history["loss"][-1] < 0.8 * history["loss"][0]
    assert set(history) == {"loss", "accuracy" if classes else "mae"}
    model.save_weights(tmp_path / "w.weights.h5")
    again = plugin.build(spec(classes=classes))
    with warnings.catch_warnings():  # the optimizer's state in the file is not wanted
        warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        again.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(model.predict_on_batch(x), again.predict_on_batch(x))
    assert model.predict_on_batch(x).shape == (200, 2 if classes else 1)


def test_a_hidden_layer_does_what_a_perceptron_cannot():
    keras.utils.set_random_seed(3)
    x = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], np.float32)
    model = MLP(hidden=[8], learning_rate=0.1).build(spec(classes=("off", "on")))
    model.fit(np.tile(x, (200, 1)), np.tile([0, 1, 1, 0], 200), batch_size=4, verbose=0)
    assert model.predict_on_batch(x).argmax(axis=1).tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"ranges": [(2, 1)]}, r"low below high; found \[2, 1\]"),
        ({"hidden": [0]}, "greater than or equal to 1"),
        ({"activation": "swish"}, "'sigmoid', 'tanh' or 'relu'"),
    ],
)
def test_wrong_fields_are_explained(fields, message):
    with pytest.raises(ValidationError, match=message):
        MLP(**fields)


@pytest.mark.parametrize(
    ("examples", "fields", "message"),
    [
        (
            spec((3,)),
            {"ranges": [(0, 1)] * 2},
            "'ranges' has 2 ranges for 3 inputs: give one for each, or one for all",
        ),
        (
            spec(y=(8, 8, 1)),
            {},
            r"predicts classes or numbers; .* has the shape \(8, 8, 1\)|have.* the shape \(8, 8, 1\)",
        ),
        (ExampleSpec({"a": ArraySpec((2,), "f4")}, ArraySpec((), "f4")), {}, "these examples have the inputs a"),
    ],
)
def test_wrong_examples_are_explained(examples, fields, message):
    with pytest.raises(ValueError, match=message):
        MLP(**fields).build(examples)

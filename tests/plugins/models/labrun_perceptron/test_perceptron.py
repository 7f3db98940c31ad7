"""The perceptron against Rosenblatt's rule written as a loop, the convergence theorem, and scikit-learn."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.linear_model import Perceptron as Reference

from labrun import ArraySpec, ExampleSpec
from labrun_perceptron import Perceptron
from labrun_perceptron.network import PerceptronCriterion

TWO = ("off", "on")


def spec(shape=(2,), classes=TWO, dtype="float32"):
    return ExampleSpec(ArraySpec(shape, dtype), ArraySpec((), "int64"), classes)


def train(plugin, x, y, epochs, batch_size=1):
    model = plugin.build(spec(x.shape[1:]))
    history = model.fit(x, y, epochs=epochs, batch_size=batch_size, shuffle=False, verbose=0).history
    return model, history


def state(model):
    kernel, bias = model.get_layer("neuron").get_weights()
    return kernel[:, 0], bias[0]


def rule(x, y, rate, epochs, w=None, b=0.0):
    """Rosenblatt's rule, one example at a time; also how often it changed anything."""
    w = np.zeros(x.shape[1]) if w is None else np.array(w, float)
    changes = 0
    for _ in range(epochs):
        for xi, yi in zip(x, y, strict=True):
            f = 1 if w @ xi + b >= 0 else 0
            w, b = w + rate * (yi - f) * xi, b + rate * (yi - f)
            changes += f != yi
    return w, b, changes


@pytest.fixture
def separable(rng):
    """Points on both sides of 2 x₁ − x₂ + 0.3 = 0, none nearer than 0.15."""
    x = rng.uniform(-1, 1, (120, 2)).astype(np.float32)
    distance = (x @ [2, -1] + 0.3) / np.sqrt(5)
    x, distance = x[np.abs(distance) > 0.15], distance[np.abs(distance) > 0.15]
    return x, (distance > 0).astype(np.int64)


def test_batches_of_one_are_the_rule(separable):
    x, y = separable[0][:40], separable[1][:40]
    flipped = np.where(np.arange(40) % 7 == 0, 1 - y, y)  # so that it has to change until the end
    model, _ = train(Perceptron(weights=[0.2, -0.1], bias=0.05, learning_rate=0.3), x, flipped, 3)
    w, b, changes = rule(x, flipped, 0.3, 3, [0.2, -0.1], 0.05)
    assert changes > 10
    np.testing.assert_allclose(state(model)[0], w, atol=1e-5)
    assert state(model)[1] == pytest.approx(b, abs=1e-5)


def test_a_batch_adds_up_what_the_rule_says_of_each():
    x, y = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]], np.float32), np.array([0, 0, 1])
    model, _ = train(Perceptron(learning_rate=0.5), x, y, 1, batch_size=3)
    # step(0) = 1: the first two are wrong, and the third is right
    np.testing.assert_allclose(state(model)[0], [-2.0, -0.5])
    assert state(model)[1] == -1.0


def test_it_converges_to_no_error_within_the_bound_of_novikoff(separable):
    x, y = separable
    augmented = np.hstack([x, np.ones((len(x), 1))])
    direction = np.array([2, -1, 0.3]) / np.linalg.norm([2, -1, 0.3])
    bound = (np.linalg.norm(augmented, axis=1).max() / np.abs(augmented @ direction).min()) ** 2
    assert rule(x, y, 1.0, 20)[2] <= bound
    model, history = train(Perceptron(), x, y, 8)
    assert history["loss"][-1] == 0
    assert history["accuracy"][-1] == 1
    assert (model.predict_on_batch(x).argmax(axis=1) == y).all()


def test_it_is_that_of_scikit_learn(separable):
    x, y = separable
    start = [1e-3, 2e-3]  # at z = 0 scikit-learn takes every example for a wrong one: begin where no z is 0
    reference = Reference(shuffle=False, max_iter=3, tol=None).fit(x, y, coef_init=[start], intercept_init=[1e-3])
    model, _ = train(Perceptron(weights=start, bias=1e-3), x, y, 3)
    np.testing.assert_allclose(state(model)[0], reference.coef_[0], atol=1e-5)
    assert state(model)[1] == pytest.approx(reference.intercept_[0], abs=1e-5)


def test_xor_is_beyond_it():
    x = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], np.float32)
    y = np.array([0, 1, 1, 0])
    model, history = train(Perceptron(), np.tile(x, (20, 1)), np.tile(y, 20), 2)
    assert (model.predict_on_batch(x).argmax(axis=1) == y).mean() <= 0.75
    assert min(history["loss"]) > 0


@pytest.mark.parametrize(
    ("x", "w", "b", "expected"),
    [
        ([1, 1], [1, 1], 0, 1),
        ([0, 0], [0, 0], -1, 0),
        ([-1, 1], [0, 0], 1, 1),
        ([0, 0], [3, 4], 0, 1),
        ([-1, 1], [1, 1], 0, 1),
    ],
)
def test_given_weights_answer_at_once_and_zero_is_on(x, w, b, expected):
    model = Perceptron(weights=w, bias=b).build(spec())
    output = model.predict_on_batch(np.array([x], np.float32))
    assert output.shape == (1, 2)
    assert output.argmax() == expected
    assert output[0, 1] - output[0, 0] == pytest.approx(np.dot(x, w) + b)


def test_what_is_not_trainable_stays_as_it_is(separable):
    x, y = separable
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model, history = train(Perceptron(weights=[-1, 1], bias=0.25, trainable=False), x, y, 2)
    assert (state(model)[0] == [-1, 1]).all()
    assert state(model)[1] == 0.25
    assert history["accuracy"][1] < 0.5


def test_ranges_bring_each_input_to_one():
    model = Perceptron(weights=[1, 1], ranges=[(0, 100), (-50, 950)]).build(spec(dtype="float64"))
    output = model.predict_on_batch(np.array([[0.0, 450.0], [100.0, 950.0], [75.0, -50.0]]))
    np.testing.assert_allclose(output[:, 1], [-1, 2, -0.5], atol=1e-6)


def test_pictures_are_flattened_and_share_a_range(rng):
    x = rng.integers(0, 256, (3, 4, 6), dtype=np.uint8)
    weights = rng.normal(size=24)
    model = Perceptron(weights=weights.tolist(), ranges=[(0, 255)]).build(spec((4, 6), dtype="uint8"))
    np.testing.assert_allclose(
        model.predict_on_batch(x)[:, 1], (x.reshape(3, 24) / 127.5 - 1) @ weights, rtol=1e-4, atol=1e-4
    )


def test_the_loss_is_the_perceptron_criterion(rng):
    z, y = rng.normal(size=50).astype(np.float32), rng.integers(0, 2, 50)
    found = PerceptronCriterion()(y, np.stack([np.zeros_like(z), z], axis=1))
    assert float(found) == pytest.approx(np.maximum(0, -(2 * y - 1) * z).sum(), rel=1e-5)


def test_it_is_saved_and_loaded(tmp_path, separable):
    model, _ = train(Perceptron(), *separable, 2)
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "w.weights.h5")
    again = Perceptron().build(spec())
    with warnings.catch_warnings():  # the optimizer's state in the file is not wanted
        warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        again.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(model.predict_on_batch(separable[0]), again.predict_on_batch(separable[0]))
    assert [layer.name for layer in keras.Model(model.inputs, model.outputs).layers] == [
        "x",
        "flat",
        "neuron",
        "answers",
    ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"trainable": False}, "'trainable: false' keeps the weights, but none are given: set 'weights'"),
        ({"ranges": [(3, 3)]}, r"a range is \[low, high\] with low below high; found \[3, 3\]"),
        ({"learning_rate": 0}, "greater than 0"),
    ],
)
def test_wrong_fields_are_explained(fields, message):
    with pytest.raises(ValidationError, match=message):
        Perceptron(**fields)


@pytest.mark.parametrize(
    ("examples", "fields", "message"),
    [
        (
            spec(classes=("a", "b", "c")),
            {},
            "separates two classes; these examples have the 3 classes a, b, c: use mlp",
        ),
        (spec(classes=None), {}, "separates two classes; these examples have numbers"),
        (spec((3,)), {"weights": [1, 2]}, "a weight for each of its 3 inputs; 'weights' has 2"),
        (
            spec((3,)),
            {"ranges": [(0, 1)] * 2},
            "'ranges' has 2 ranges for 3 inputs: give one for each, or one for all",
        ),
        (
            ExampleSpec({"a": ArraySpec((2,), "f4")}, ArraySpec((), "int64"), TWO),
            {},
            "these examples have the inputs a",
        ),
    ],
)
def test_wrong_examples_are_explained(examples, fields, message):
    with pytest.raises(ValueError, match=message):
        Perceptron(**fields).build(examples)

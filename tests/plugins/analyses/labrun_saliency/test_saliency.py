from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import ClassVar

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from pydantic import ValidationError

from labrun import Examples, ExampleSpec, Model, TrainedModel
from labrun_saliency import Saliency
from labrun_saliency.drawing import Row, draw_rows

CLASSES = ("left", "right")
HEIGHT, WIDTH, FRAMES = 10, 16, 2


class Halves(Model):
    """Scores that are known: the sum of x over the left half, and over the right half."""

    name: ClassVar[str] = "halves"

    def build(self, examples: ExampleSpec) -> keras.Model:
        inputs = keras.Input(examples.x.shape)
        scores = keras.layers.Dense(2, use_bias=False, name="scores")(keras.layers.Flatten()(inputs))
        return keras.Model(inputs, scores)


class Shares(Halves):
    """The same with probabilities."""

    name: ClassVar[str] = "shares"
    output: ClassVar[str] = "probabilities"

    def build(self, examples: ExampleSpec) -> keras.Model:
        network = super().build(examples)
        return keras.Model(network.input, keras.layers.Softmax()(network.output))


def halves() -> np.ndarray:
    """The weights: 1 in the half of the class, (height · width · frames, 2)."""
    left = np.zeros((HEIGHT, WIDTH, FRAMES))
    left[:, : WIDTH // 2] = 1
    return np.stack([left.ravel(), 1 - left.ravel()], axis=1)


def examples(n: int = 6, classes: tuple[str, ...] | None = CLASSES, shape=(HEIGHT, WIDTH, FRAMES)) -> Examples:
    """Noise, brighter in the half that is the class: from example to example more."""
    rng = np.random.default_rng(2)
    y = np.arange(n) % 2
    x = 0.01 * rng.standard_normal((n, *shape))
    if len(shape) > 1:
        for i in range(n):
            x[i, :, slice(WIDTH // 2) if y[i] == 0 else slice(WIDTH // 2, None)] += 0.01 * (i + 1)
    x = x.astype(np.float32)
    return Examples(lambda i: x[i], lambda i: y[i], 10 + np.arange(n), classes=classes, periodic=True, name="test")


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    """Matplotlib keeps every figure until it is closed, and warns of more than 20."""
    yield
    plt.close("all")


@pytest.fixture
def trained(tmp_path):
    def train(plugin: Model, weights: np.ndarray) -> TrainedModel:
        spec = examples().spec
        network = plugin.build(spec)
        network.set_weights([weights.astype(np.float32)])
        network.save_weights(tmp_path / "model.weights.h5")
        (tmp_path / "examples.json").write_text(json.dumps(spec.record()), encoding="utf-8")
        return TrainedModel(plugin, tmp_path, "net")

    return train


def maps(findings):
    return np.load(io.BytesIO(findings.files["saliency.npz"]))


def test_maps_of_a_known_network_are_its_weights(trained):
    findings = Saliency().analyse(trained(Halves(), halves()), examples(), np.random.default_rng(0))
    table, found = findings.tables["examples"], maps(findings)
    assert table["class"].tolist() == table["predicted"].tolist() == ["left", "right"]
    assert table["example"].tolist() == [4, 5]  # the brightest of each
    assert table["member"].tolist() == [14, 15]
    weights = halves().T.reshape(2, HEIGHT, WIDTH, FRAMES)
    np.testing.assert_array_equal(found["gradient"], weights)
    np.testing.assert_allclose(found["smoothgrad"], weights, rtol=1e-6)
    x = found["x"]
    np.testing.assert_array_equal(x, examples().load_x([4, 5]))
    np.testing.assert_allclose(found["integrated"], (x - x.mean(axis=(1, 2), keepdims=True)) * weights, atol=1e-6)
    np.testing.assert_allclose(table["attributed"], table["score"] - table["score of baseline"], rtol=1e-3)
    assert findings.warnings == []


def test_of_probabilities_the_score_is_their_logarithm(trained):
    """∂ ln p_c / ∂x = w_c − Σ_k p_k w_k."""
    model = trained(Shares(), halves())
    found = maps(Saliency(methods=["gradient"]).analyse(model, examples(), np.random.default_rng(0)))
    p = model.probabilities(examples())[[4, 5]]
    wanted = halves().T - p @ halves().T
    np.testing.assert_allclose(found["gradient"].reshape(2, -1), wanted, atol=1e-5)


def test_the_same_generator_gives_the_same_maps(trained, rng):
    """x counts squared, so that the gradient at a noisy x is noisy."""

    class Squares(Halves):
        def build(self, examples: ExampleSpec) -> keras.Model:
            network = super().build(examples)
            return keras.Model(network.input, keras.ops.square(network.output))

    model = trained(Squares(), halves())
    one, again, other = (Saliency().analyse(model, examples(), np.random.default_rng(s)).files for s in (5, 5, 6))
    assert one == again != other


def test_a_class_that_is_never_right_is_told(trained):
    findings = Saliency(methods=["gradient"]).analyse(
        trained(Halves(), halves()[:, ::-1]), examples(), np.random.default_rng(0)
    )
    assert findings.warnings == [
        "no example of left, right is classified correctly: the map is that of a misclassified one"
    ]
    texts = [text.get_text() for axes in findings.figures["saliency"].axes for text in axes.texts]
    assert texts == ["left\n(predicted:\nright)", "right\n(predicted:\nleft)"]


def test_an_integral_of_too_few_steps_is_told(trained):
    """A cube from 0 by one step: x³ · 3/4 in place of x³."""

    class Cubes(Halves):
        def build(self, examples: ExampleSpec) -> keras.Model:
            network = super().build(examples)
            return keras.Model(network.input, network.output**3)

    plugin = Saliency(methods=["integrated"], steps=1, baseline=0.0)
    findings = plugin.analyse(trained(Cubes(), halves()), examples(), np.random.default_rng(0))
    table = findings.tables["examples"]
    np.testing.assert_allclose(table["attributed"], 0.75 * table["score"], rtol=1e-4)
    assert findings.warnings == [
        "integrated gradients do not add up to the difference of the scores for left, right: increase 'steps'"
    ]


def test_of_an_example_that_is_as_good_as_the_baseline_no_map_is_drawn(trained):
    """A flat pattern is its own mean. Its gradient is drawn all the same."""
    flat = Examples(
        lambda i: np.full((len(i), HEIGHT, WIDTH, FRAMES), 0.3, np.float32),
        lambda i: np.zeros(len(i), np.int64),
        np.arange(1),
        classes=CLASSES,
    )
    plugin = Saliency(methods=["gradient", "integrated"])
    findings = plugin.analyse(trained(Halves(), halves()), flat, np.random.default_rng(0))
    assert findings.warnings == [
        "the network hardly distinguishes the example of left from the baseline: the map of integrated gradients is left empty"
    ]
    shares = {axes.get_title(): np.asarray(axes.images[-1].get_array()) for axes in findings.figures["saliency"].axes}
    assert shares["integrated"].max() == 0.0
    assert shares["gradient"].max() == 1.0


@pytest.mark.parametrize("count", [3, 16])
def test_a_row_for_each_class_side_by_side_where_they_are_many(count):
    rows = [Row(f"class {i}", np.full((4, 6), float(i)), {"gradient": np.full((4, 6), 2.0)}) for i in range(count)]
    figure = draw_rows(rows)
    assert sum(bool(axes.texts) for axes in figure.axes) == count
    assert sum(len(axes.images) for axes in figure.axes) == 3 * count
    width, height = figure.get_size_inches()
    assert height < 12
    assert width < 12


@pytest.mark.parametrize(
    ("fields", "dataset", "message"),
    [
        ({}, examples(classes=None), r"has the classes \('left', 'right'\), but the dataset 'test' has None"),
        ({}, examples(classes=("right", "left")), "saliency needs the same, in the same order"),
        (
            {},
            examples(shape=(8,)),
            r"expects x of shape \(height, width\) or \(height, width, frames\), but 'test' has",
        ),
        ({"frame": 2}, examples(), "x of 'test' has no frame 2: it has 2, numbered from 0"),
    ],
)
def test_wrong_examples_are_explained(trained, fields, dataset, message):
    with pytest.raises(ValueError, match=message):
        Saliency(**fields).analyse(trained(Halves(), halves()), dataset, np.random.default_rng(0))


def test_a_method_is_named_once():
    with pytest.raises(ValidationError, match="a method is listed twice"):
        Saliency(methods=["gradient", "gradient"])


def test_values_come_from_yaml():
    assert Saliency.configured({"baseline": 1, "methods": ["integrated"]}).baseline == 1.0
    assert Saliency.configured({"baseline": "mean"}).baseline == "mean"

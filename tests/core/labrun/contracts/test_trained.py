"""TrainedModel: predictions in batches, probabilities of classes, what layers give, and what does not suit it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pytest
from scipy.special import softmax

from labrun import ArraySpec, Examples, ExampleSpec, Model, Quantity, TrainedModel
from labrun.display.cards import model_card

CLASSES = ("a", "b", "c")


class Mean(Model):
    """Three channels of an image, averaged over all places: the answer is known without training."""

    name: ClassVar[str] = "mean"

    sizes: Literal["open", "fixed"] = "open"

    def build(self, examples):
        import keras

        shape = (None, None, 3) if self.sizes == "open" else examples.x.shape
        x = inputs = keras.Input(shape, name="image")
        x = keras.layers.Rescaling(10.0, name="tenfold")(x)
        return keras.Model(inputs, keras.layers.GlobalAveragePooling2D(name="mean")(x))


class Sure(Mean):
    """Its output are probabilities, and some are zero."""

    output: ClassVar[Literal["logits", "probabilities"]] = "probabilities"

    def build(self, examples):
        import keras

        inputs = keras.Input((None, None, 3), name="image")
        return keras.Model(inputs, keras.layers.GlobalAveragePooling2D(name="mean")(inputs))


def spec(classes: tuple[str, ...] | None = CLASSES) -> ExampleSpec:
    return ExampleSpec(ArraySpec((4, 5, 3), "float32"), ArraySpec((), "int64"), classes)


def images(values: list[list[float]], shape: tuple[int, int] = (4, 5)) -> Examples:
    """Images whose channels are constant."""
    x = np.broadcast_to(np.array(values, np.float32)[:, None, None], (len(values), *shape, 3))
    return Examples.inputs_only(lambda i: x[i], len(values), "images")


@pytest.fixture
def trained(write_model):
    def trained(plugin: Model, classes: tuple[str, ...] | None = CLASSES) -> TrainedModel:
        return TrainedModel(plugin, write_model(plugin, spec(classes)), "net")

    return trained


VALUES = [[0.1 * i, 0.2, 0.03 * i * i] for i in range(7)]


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_every_example_once_in_its_order_whatever_the_batches(trained, batch_size):
    found = trained(Mean()).logits(images(VALUES), batch_size)
    np.testing.assert_allclose(found, 10 * np.array(VALUES), rtol=1e-5, atol=1e-6)


def test_probabilities_are_the_softmax_of_logits(trained):
    found = trained(Mean()).probabilities(images(VALUES))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(found, softmax(10 * np.array(VALUES), axis=1), rtol=1e-4)


def test_logits_of_any_size_make_no_overflow(trained):
    found = trained(Mean()).probabilities(images([[500.0, -500.0, 0.0], [1e30, 1e30, 0]]))
    np.testing.assert_array_equal(found, [[1, 0, 0], [0.5, 0.5, 0]])


def test_probabilities_that_the_network_gives_itself_stay_as_they_are(trained):
    given = [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]]
    model = trained(Sure())
    np.testing.assert_allclose(model.probabilities(images(given)), given, rtol=1e-6, atol=1e-30)
    logits = model.logits(images(given))
    assert np.isfinite(logits).all()
    np.testing.assert_allclose(logits[0], np.log(given[0]), rtol=1e-5)


def test_a_model_of_numbers_has_no_probabilities(trained):
    model = trained(Mean(), None)
    for ask in (model.logits, model.probabilities):
        with pytest.raises(ValueError, match="the model 'net' predicts numbers, not classes"):
            ask(images(VALUES))
    assert model.predict(images(VALUES)).shape == (7, 3)


def test_what_a_layer_gives(trained):
    model = trained(Mean())
    found = model.activations(images(VALUES), "tenfold", batch_size=2)
    assert found.shape == (7, 4, 5, 3)
    np.testing.assert_allclose(found[:, 3, 4], 10 * np.array(VALUES), rtol=1e-5)
    np.testing.assert_array_equal(model.activations(images(VALUES), "mean"), model.logits(images(VALUES)))


def test_a_layer_that_there_is_not(trained):
    with pytest.raises(ValueError, match="the model 'net' has no layer 'tenfolt': did you mean 'tenfold'"):
        trained(Mean()).activations(images(VALUES), "tenfolt")


def test_sizes_that_the_network_leaves_open_may_differ(trained):
    assert trained(Mean()).logits(images(VALUES, (9, 2))).shape == (7, 3)


def test_other_sizes_are_told_before_the_network_sees_them(trained):
    model = trained(Mean(sizes="fixed"))
    for ask in (model.predict, model.logits, model.probabilities, lambda x: model.activations(x, "mean")):
        with pytest.raises(ValueError, match=r"takes x of shape \(4, 5, 3\), but 'images' has shape \(5, 4, 3\)"):
            ask(images(VALUES, (5, 4)))


def test_another_number_of_channels_or_axes(trained):
    model = trained(Mean())
    for shape in ((4, 5, 2), (4, 3), (1, 4, 5, 3)):
        given = Examples.inputs_only(lambda i, shape=shape: np.zeros((len(i), *shape), np.float32), 2, "images")
        with pytest.raises(ValueError, match=r"takes x of shape \(any, any, 3\), but 'images' has shape"):
            model.predict(given)


def test_several_inputs_where_one_is_wanted(trained):
    given = Examples.inputs_only(lambda i: {"u": np.zeros((len(i), 4, 5, 3))}, 2, "both")
    with pytest.raises(ValueError, match=r"but 'both' has \{'u': ArraySpec"):
        trained(Mean()).predict(given)


class Brightness(Model):
    """The mean of an image, one number."""

    name: ClassVar[str] = "brightness"

    def build(self, examples):
        import keras

        x = inputs = keras.Input((None, None, 3), name="image")
        x = keras.layers.GlobalAveragePooling2D(keepdims=True, name="mean")(x)
        x = keras.layers.AveragePooling3D((1, 1, 3), name="all")(keras.ops.expand_dims(x, -1))
        return keras.Model(inputs, keras.layers.Reshape((1,), name="number")(x))


@pytest.mark.parametrize(
    ("quantity", "expected"), [(None, [3.0, -1.0]), (Quantity("a"), [3.0, -1.0]), (Quantity("a", "", "log2"), [8, 0.5])]
)
def test_a_number_is_told_in_its_own_unit(write_model, quantity, expected):
    described = ExampleSpec(ArraySpec((4, 5, 3), "float32"), ArraySpec((), "float32"), None, quantity=quantity)
    model = TrainedModel(Brightness(), write_model(Brightness(), described), "net")
    np.testing.assert_allclose(model.estimates(images([[3, 3, 3], [-2, -1, 0]])), expected, rtol=1e-6)


def test_a_class_is_no_number(trained):
    with pytest.raises(ValueError, match="the model 'net' predicts classes, not one number"):
        trained(Mean()).estimates(images(VALUES))


def test_a_variant_is_known_by_its_values(tmp_path):
    model = TrainedModel(Mean(), tmp_path, "net[seed=1]", variant={"fit.seed": 1, "from.simulation": "a"})
    assert model.variant == {"seed": 1, "simulation": "a"}
    assert model.kind == "net[simulation=a]"
    assert TrainedModel(Mean(), tmp_path).variant == {}


def test_nothing_to_predict(trained):
    with pytest.raises(ValueError, match="the dataset 'none' has no examples"):
        trained(Mean()).predict(Examples.inputs_only(lambda i: np.zeros((0, 4, 5, 3)), 0, "none"))


def test_nothing_is_read_before_it_is_needed(tmp_path):
    model = TrainedModel(Mean(), tmp_path / "nowhere", "net")
    with pytest.raises(FileNotFoundError):
        _ = model.spec
    assert isinstance(model.folder, Path)


def test_model_without_a_finished_epoch_can_be_shown(write_model):
    folder = write_model(Mean(), spec())
    (folder / "history.csv").write_text("epoch,loss\n", encoding="utf-8")
    model = TrainedModel(Mean(), folder, "net")
    assert repr(model) == "<TrainedModel net (mean): not trained>"
    assert "TrainedModel of mean" in model_card(model)

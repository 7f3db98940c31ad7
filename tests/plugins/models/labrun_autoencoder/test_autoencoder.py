from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from labrun import ArraySpec, Examples, ExampleSpec, TrainedModel
from labrun_autoencoder import Autoencoder

SMALL = {"filters": [4, 3]}


def spec(shape=(16, 24, 1), periodic=False, y=None):
    return ExampleSpec(ArraySpec(shape, "float32"), ArraySpec(y or shape, "float32"), periodic=periodic)


def bubbles(rng, count=16, shape=(16, 24)):
    """Smooth pictures between 0 and 1, periodic."""
    rows, columns = np.arange(shape[0])[:, None], np.arange(shape[1])
    phases = rng.uniform(0, 2 * np.pi, (2, count, 1, 1))
    waves = np.sin(2 * np.pi * rows / shape[0] + phases[0]) * np.sin(2 * np.pi * columns / shape[1] + phases[1])
    return np.maximum(waves, 0)[..., None].astype(np.float32)


def part(model, layer):
    return keras.Model(model.inputs, model.get_layer(layer).output)


def test_the_origin_has_its_weights_and_its_code():
    model = Autoencoder(preset="origin").build(spec((200, 200, 1)))
    assert model.count_params() == 4385
    assert part(model, "code").count_params() == 1904
    assert part(model, "code").predict_on_batch(np.zeros((1, 200, 200, 1), np.float32)).shape == (1, 25, 25, 8)
    assert model.loss.name == "binary_crossentropy"
    assert model.optimizer.amsgrad
    assert float(model.optimizer.learning_rate) == pytest.approx(0.003)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"preset": "origin"},
        {"filters": [6], "kernel": 5, "loss": "mae", "answer": "sigmoid"},
        {"sampling": "average"},
    ],
)
def test_it_learns_saves_and_loads(fields, tmp_path, rng):
    plugin = Autoencoder(**{"learning_rate": 0.01, **fields})
    x = bubbles(rng)
    model = plugin.build(spec())
    history = model.fit(x, x, epochs=12, batch_size=8, verbose=0).history
    assert set(history) == {"loss", "mse", "mae"}
    assert history["mse"][-1] < history["mse"][0]
    model.save_weights(tmp_path / "w.weights.h5")
    again = plugin.build(spec())
    with warnings.catch_warnings():  # the optimizer's state in the file is not wanted
        warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        again.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(model.predict_on_batch(x), again.predict_on_batch(x))


@pytest.mark.parametrize("sampling", ["convolution", "average"])
def test_filters_are_the_channels_of_the_encoder_and_in_reverse_of_the_decoder(sampling):
    model = Autoencoder(filters=[5, 4, 2], sampling=sampling).build(spec((16, 24, 3)))
    names = ["encode1", "encode2", "code" if sampling == "convolution" else "encode3", "decode1", "decode2", "decode3"]
    assert [model.get_layer(name).filters for name in names] == [5, 4, 2, 2, 4, 5]
    x = np.zeros((1, 16, 24, 3), np.float32)
    assert part(model, "code").predict_on_batch(x).shape == (1, 2, 3, 2)
    assert model.predict_on_batch(x).shape == (1, 16, 24, 3)


def test_the_code_of_convolutions_may_be_negative(rng):
    x = rng.normal(size=(2, 16, 24, 1)).astype(np.float32)
    assert part(Autoencoder().build(spec()), "code").predict_on_batch(x).min() < 0
    assert part(Autoencoder(sampling="max").build(spec()), "code").predict_on_batch(x).min() >= 0


@pytest.mark.parametrize("kernel", [3, 4])
def test_periodic_pictures_have_no_edge(kernel, rng):
    """Shifts by what the pools join go through; with zeros beyond the edge they do not. The dataset says which is right."""
    x = rng.normal(size=(1, 16, 24, 1)).astype(np.float32)
    rolled = np.roll(x, (4, 12), axis=(1, 2))
    for fields, periodic, goes_through in (
        ({"padding": "periodic"}, False, True),
        ({}, True, True),
        ({}, False, False),
        ({"padding": "same"}, True, False),
    ):
        model = Autoencoder(**SMALL, kernel=kernel, **fields).build(spec(periodic=periodic))
        moved, answer = model.predict_on_batch(rolled), model.predict_on_batch(x)
        assert (np.abs(moved - np.roll(answer, (4, 12), axis=(1, 2))).max() < 1e-5) == goes_through


@pytest.mark.parametrize("sampling", ["max", "average"])
def test_pools(sampling, rng):
    model = Autoencoder(filters=[1], kernel=1, sampling=sampling).build(spec((4, 6, 1)))
    model.get_layer("encode1").set_weights([np.ones((1, 1, 1, 1), np.float32), np.zeros(1, np.float32)])
    x = rng.random((1, 4, 6, 1)).astype(np.float32)
    blocks = x.reshape(2, 2, 3, 2)
    expected = blocks.max(axis=(1, 3)) if sampling == "max" else blocks.mean(axis=(1, 3))
    np.testing.assert_allclose(part(model, "code").predict_on_batch(x)[0, ..., 0], expected, rtol=1e-6)


def test_a_sigmoid_stays_between_0_and_1_and_a_line_does_not(rng):
    x = 100 * rng.normal(size=(2, 16, 24, 1)).astype(np.float32)
    assert Autoencoder(answer="sigmoid").build(spec()).predict_on_batch(x).min() >= 0
    assert np.abs(Autoencoder().build(spec()).predict_on_batch(x)).max() > 1


def test_a_trained_one_takes_pictures_of_other_sizes_if_the_pools_divide_them(write_model, rng):
    plugin = Autoencoder(**SMALL)
    trained = TrainedModel(plugin, write_model(plugin, spec()), "net")

    def pictures(*size):
        return Examples.inputs_only(lambda i: np.zeros((len(i), *size, 1), np.float32), 3, "others")

    assert trained.predict(pictures(32, 12)).shape == (3, 32, 12, 1)
    assert trained.activations(pictures(32, 12), "code").shape == (3, 8, 3, 3)
    with pytest.raises(
        ValueError, match=r"halves the sides of an image 2 times, .* so 4 must divide them; these are 32 × 10"
    ):
        trained.predict(pictures(32, 10))


def test_a_cross_entropy_wants_a_sigmoid():
    with pytest.raises(
        ValidationError, match="takes the output for a probability: set 'answer: sigmoid', or use the loss"
    ):
        Autoencoder(loss="crossentropy")


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        (spec((50, 50, 1)), "3 times, once for each of 'filters', so 8 must divide them; these are 50 × 50"),
        (spec((16, 24)), r"images of one size in x and y, .* these examples have x of \(16, 24\) and y of \(16, 24\)"),
        (spec(y=(17,)), r"these examples have x of \(16, 24, 1\) and y of \(17,\): leave out the y of the dataset"),
    ],
)
def test_examples_that_do_not_suit_are_explained(examples, message):
    with pytest.raises(ValueError, match=message):
        Autoencoder().build(examples)

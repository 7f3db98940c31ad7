from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from labrun import ArraySpec, ExampleSpec
from labrun_snapshot_cnn import SnapshotCNN
from labrun_snapshot_cnn.presets import PRESETS

NUMBER = ArraySpec((), "float32")


def spec(shape=(128, 128), classes=None, dtype="uint8"):
    return ExampleSpec(ArraySpec(shape, dtype), NUMBER, classes, periodic=True)


def snapshots(rng, shape=(16, 36, 40)):
    """Half of them sparse, half of them crowded."""
    crowded = (np.arange(shape[0]) % 2)[:, None, None]
    x = rng.integers(1, 5, shape, dtype=np.uint8) * (rng.random(shape) < 0.1 + 0.4 * crowded)
    return x.astype(np.uint8), crowded[:, 0, 0].astype(np.float32)


def test_the_middle_network_has_the_weights_of_the_origin():
    assert SnapshotCNN(preset="origin_middle").build(spec()).count_params() == 2279


def test_the_small_network_is_the_one_of_the_origin():
    """3 kernels 5×5, then one number of the (128 − 5) // 3 + 1 = 42 places squared."""
    assert SnapshotCNN(preset="origin_small").build(spec()).count_params() == 3 * 26 + 3 * 42 * 42 + 1


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_learns_saves_and_loads(preset, tmp_path, rng):
    keras.utils.set_random_seed(1)
    layers = [word for word in PRESETS[preset]["layers"] if not word.startswith("dropout")]
    plugin = SnapshotCNN(preset=preset, layers=layers, learning_rate=5e-3)
    x, y = snapshots(rng)
    model = plugin.build(spec(x.shape[1:]))
    assert model.predict_on_batch(x).shape == (16, 1)
    history = model.fit(x, y, epochs=8, batch_size=16, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert set(history) == {"loss", "mae", "pearson_r"}
    model.save_weights(tmp_path / "w.weights.h5")
    again = plugin.build(spec(x.shape[1:]))
    with warnings.catch_warnings():  # the optimizer's state in the file is not wanted
        warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        again.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(model.predict_on_batch(x), again.predict_on_batch(x))


def test_layers_are_named_by_word_and_number():
    names = [layer.name for layer in SnapshotCNN(preset="periodic").build(spec()).layers]
    assert {"snapshot", "conv1", "norm1", "average2", "conv3", "mean1", "dense1", "answer"} <= set(names)


def test_rolling_a_snapshot_changes_nothing_and_any_size_will_do(rng):
    model = SnapshotCNN(preset="periodic").build(spec())
    x = rng.integers(0, 5, (2, 24, 40), dtype=np.uint8)
    rolled = np.roll(x, (4, 12), axis=(1, 2))  # multiples of both pools together
    np.testing.assert_allclose(model.predict_on_batch(x), model.predict_on_batch(rolled), atol=1e-5)


@pytest.mark.parametrize(("codes", "channels"), [("scaled", 1), ("one_hot", 4)])
def test_codes_become_channels(codes, channels, rng):
    """The first convolution is the identity; a mean of its output is known."""
    plugin = SnapshotCNN(codes=codes, layers=[f"conv {channels} 1x1", "mean"])
    model = plugin.build(spec((3, 5)))
    kernel = np.eye(channels, dtype=np.float32)[None, None]
    model.get_layer("conv1").set_weights([kernel, np.zeros(channels, np.float32)])
    x = rng.integers(0, 5, (2, 3, 5), dtype=np.uint8)
    found = keras.Model(model.inputs, model.get_layer("mean1").output).predict_on_batch(x)
    shares = np.stack([(x == code).mean(axis=(1, 2)) for code in range(1, 5)], axis=1)
    np.testing.assert_allclose(
        found, shares if codes == "one_hot" else shares @ [[0.25], [0.5], [0.75], [1]], rtol=1e-5
    )


def test_channels_are_taken_as_they_are(rng):
    x = rng.integers(0, 2, (3, 8, 8, 1), dtype=np.uint8)
    assert SnapshotCNN(preset="periodic").build(spec((8, 8, 1))).predict_on_batch(x).shape == (3, 1)


def test_the_density_reaches_the_answer(rng):
    described = ExampleSpec({"snapshot": ArraySpec((8, 8), "uint8"), "density": ArraySpec((1,), "float32")}, NUMBER)
    model = SnapshotCNN(preset="periodic").build(described)
    x = rng.integers(0, 5, (1, 8, 8), dtype=np.uint8)
    one, other = (model.predict_on_batch({"snapshot": x, "density": np.array([[d]], np.float32)}) for d in (0.1, 0.9))
    assert one != other


def test_an_answer_begins_where_it_is_told():
    model = SnapshotCNN(preset="periodic", answer_offset=-3.0, answer_scale=2.0).build(spec((8, 8)))
    assert model.predict_on_batch(np.zeros((1, 8, 8), np.uint8)) == pytest.approx(-3.0, abs=1e-4)


def test_classes_have_logits_and_their_own_loss(rng):
    model = SnapshotCNN(preset="periodic", loss="crossentropy").build(spec((8, 8), ("a", "b", "c")))
    x, y = rng.integers(0, 5, (4, 8, 8), dtype=np.uint8), np.array([0, 1, 2, 0])
    assert "accuracy" in model.fit(x, y, verbose=0).history


@pytest.mark.parametrize(("loss", "expected"), [("huber", (0.125 + 2.5) / 2), ("mae", 1.75), ("mse", 4.625)])
def test_losses(loss, expected):
    from labrun_snapshot_cnn.network import make_loss

    found = make_loss(SnapshotCNN(preset="periodic", loss=loss))(np.array([[0.5], [3.0]]), np.zeros((2, 1)))
    assert float(found) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"preset": "origin"}, "there is no preset 'origin': did you mean 'origin_"),
        ({}, "Field required"),
        ({"layers": ["conv 3 3x3", "rely", "mean"]}, "there is no layer 'rely': did you mean 'relu'"),
        ({"layers": ["mean", "conv 3 3x3"]}, "'conv 3 3x3' needs a map, .* but follows the layer that ends it"),
        ({"layers": ["conv 3 3x3", "relu"]}, "one of them must end the map: 'mean' or 'flatten'"),
    ],
)
def test_wrong_fields_are_explained(fields, message):
    with pytest.raises(ValidationError, match=message):
        SnapshotCNN(**fields)


@pytest.mark.parametrize(
    ("examples", "fields", "message"),
    [
        (
            spec((8,)),
            {},
            r"takes x of shape \(height, width\) or \(height, width, channels\); these examples have \(8,\)",
        ),
        (
            ExampleSpec({"a": ArraySpec((8, 8), "uint8")}, NUMBER),
            {},
            "takes the inputs 'snapshot' and 'density'; .* have a",
        ),
        (
            ExampleSpec(ArraySpec((8, 8), "uint8"), ArraySpec((2,), "float32")),
            {},
            r"predicts one number; .* the shape \(2,\)",
        ),
        (spec((8, 8), ("a", "b")), {}, "the loss 'huber' does not suit y, which is classes: set loss to crossentropy"),
        (spec((8, 8)), {"loss": "crossentropy"}, "does not suit y, which is a number: set loss to huber, mae or mse"),
    ],
)
def test_wrong_examples_are_explained(examples, fields, message):
    with pytest.raises(ValueError, match=message):
        SnapshotCNN(preset="periodic", **fields).build(examples)

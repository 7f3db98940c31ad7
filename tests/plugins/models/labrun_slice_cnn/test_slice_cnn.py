from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from labrun import ArraySpec, ExampleSpec
from labrun_slice_cnn import SliceCNN
from labrun_slice_cnn.presets import PRESETS


def spec(shape=(24, 30, 1), classes=None, y=()):
    return ExampleSpec(ArraySpec(shape, "float32"), ArraySpec(y, "float32"), classes)


def slices(rng, count=24):
    """Sparse ones and crowded ones, whatever lies where."""
    crowded = np.arange(count) % 2
    x = rng.random((count, 24, 30, 1)) * (rng.random((count, 24, 30, 1)) < 0.2 + 0.6 * crowded[:, None, None, None])
    return x.astype(np.float32), crowded


@pytest.mark.parametrize(
    ("preset", "classes"), [*((preset, ("sparse", "crowded")) for preset in PRESETS), ("tiles", None)]
)
def test_every_preset_learns_saves_and_loads(preset, classes, tmp_path, rng):
    plugin = SliceCNN(preset=preset, learning_rate=5e-3)
    x, y = slices(rng)
    model = plugin.build(spec(classes=classes))
    assert model.predict_on_batch(x).shape == (24, 2 if classes else 1)
    history = model.fit(x, y, epochs=5, batch_size=12, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert set(history) == {"loss", "accuracy" if classes else "mae"}
    model.save_weights(tmp_path / "w.weights.h5")
    again = plugin.build(spec(classes=classes))
    with warnings.catch_warnings():  # the optimizer's state in the file is not wanted
        warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        again.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(model.predict_on_batch(x), again.predict_on_batch(x))


def test_tiles_ask_what_is_there_and_not_where(rng):
    """Away from the edges, rolling changes nothing; and slices of any size will do."""
    model = SliceCNN(preset="tiles", padding="periodic").build(spec())
    x = rng.normal(size=(2, 24, 32, 1)).astype(np.float32)
    rolled = np.roll(x, (4, 12), axis=(1, 2))  # multiples of both pools together
    np.testing.assert_allclose(model.predict_on_batch(x), model.predict_on_batch(rolled), atol=1e-5)
    assert np.ptp(model.predict_on_batch(x)) > 0
    assert SliceCNN(preset="tiles").build(spec()).predict_on_batch(x[:, :, :18]).shape == (2, 1)


def test_a_number_begins_where_it_is_told_and_is_learned_in_its_scale(rng):
    plugin = SliceCNN(layers=["mean"], answer_offset=9.0, answer_scale=4.0, loss="huber")
    model = plugin.build(spec((4, 6, 1)))
    x = np.zeros((2, 4, 6, 1), np.float32)
    np.testing.assert_allclose(model.predict_on_batch(x), 9)
    loss = model.evaluate(x, np.array([7.0, 17.0], np.float32), verbose=0)[0]
    assert loss == pytest.approx(
        (0.5**2 / 2 + (2 - 0.5)) / 2
    )  # errors of 1/2 and 2 scales; Huber's loss turns linear at 1
    squared = SliceCNN(layers=["mean"], answer_offset=9.0, answer_scale=4.0, loss="mse").build(spec((4, 6, 1)))
    assert squared.evaluate(x, np.array([7.0, 17.0], np.float32), verbose=0)[0] == pytest.approx((0.25 + 4) / 2)


@pytest.mark.parametrize(
    ("fields", "optimizer", "amsgrad"),
    [
        ({}, keras.optimizers.Adam, False),
        ({"amsgrad": True}, keras.optimizers.Adam, True),
        ({"weight_decay": 1e-3}, keras.optimizers.AdamW, False),
        ({"weight_decay": 1e-3, "amsgrad": True}, keras.optimizers.AdamW, True),
    ],
)
def test_optimizers(fields, optimizer, amsgrad):
    found = SliceCNN(layers=["mean"], **fields).build(spec()).optimizer
    assert type(found) is optimizer
    assert found.amsgrad is amsgrad


def test_a_field_beside_a_preset_wins():
    plugin = SliceCNN(preset="tiles", layers=["conv 3 3x3", "mean"], weight_decay=0.0)
    assert type(plugin.build(spec()).optimizer) is keras.optimizers.Adam
    assert plugin.momentum == 0.9


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"preset": "encoded"}, "there is no preset 'encoded': did you mean 'encoded_cnn'"),
        ({}, "Field required"),
        ({"layers": ["conv 3 3x3", "relu"]}, "one of them must end the map: 'mean' or 'flatten'"),
    ],
)
def test_wrong_fields_are_explained(fields, message):
    with pytest.raises(ValidationError, match=message):
        SliceCNN(**fields)


@pytest.mark.parametrize(
    ("examples", "fields", "message"),
    [
        (spec((24, 30)), {}, r"takes x of shape \(height, width, channels\); these examples have x of shape \(24, 30\)"),
        (ExampleSpec({"a": ArraySpec((8, 8, 1), "float32")}, ArraySpec((), "float32")), {}, "have the inputs a$"),
        (spec(y=(24, 30, 1)), {}, r"a class or a number; .* the shape \(24, 30, 1\): give the dataset a y"),
        (spec(classes=("a", "b")), {"loss": "mse"}, "does not suit y, which is classes: leave it out, or set it to crossentropy"),
        (spec(), {"loss": "crossentropy"}, "does not suit y, which is a number: leave it out, or set it to huber or mse"),
        (spec(classes=("a", "b")), {"answer_scale": 2.0}, "'answer_offset' and 'answer_scale' are for numbers"),
    ],
)  # fmt: skip
def test_examples_that_do_not_suit_are_explained(examples, fields, message):
    with pytest.raises(ValueError, match=message):
        SliceCNN(preset="tiles", **fields).build(examples)

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from labrun import ArraySpec, ExampleSpec
from labrun_pattern_cnn import PatternCNN
from labrun_pattern_cnn.presets import PRESETS

CLASSES = tuple("abcdefghijklmno")


def spec(frames: int, size: int = 64, classes: tuple[str, ...] | None = CLASSES) -> ExampleSpec:
    return ExampleSpec(ArraySpec((size, size, frames), "float32"), ArraySpec((), "int64"), classes, periodic=True)


def trainable(model: keras.Model) -> int:
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


@pytest.mark.parametrize(("preset", "frames", "weights"), [("origin_2d", 3, 277_717), ("origin_3d", 10, 76_529)])
def test_presets_have_the_weights_of_the_publication(preset, frames, weights):
    assert trainable(PatternCNN(preset=preset).build(spec(frames, size=128))) == weights


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_learns_saves_and_loads(preset, tmp_path):
    frames = 10 if preset.endswith("3d") else 3
    keras.utils.set_random_seed(0)
    plugin = PatternCNN(preset=preset, dropout=0.0)
    model = plugin.build(spec(frames, classes=("flat", "rough")))
    rng = np.random.default_rng(0)
    y = np.arange(16) % 2
    x = (0.5 + 0.4 * y[:, None, None, None] * rng.standard_normal((16, 64, 64, frames))).astype("float32")
    assert model.predict_on_batch(x).shape == (16, 2)
    losses = model.fit(x, y, epochs=8, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    model.save_weights(tmp_path / "w.weights.h5")
    again = plugin.build(spec(frames, classes=("flat", "rough")))
    with warnings.catch_warnings():  # the optimizer's state in the file is not wanted
        warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        again.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(model.predict_on_batch(x), again.predict_on_batch(x))


def test_all_layers_are_named_for_what_they_do():
    names = [layer.name for layer in PatternCNN(preset="compact").build(spec(3)).layers]
    assert {"frames", "block1_conv", "block1_norm", "block4_pool", "dense", "logits"} <= set(names)


def test_takes_crops_and_whole_patterns():
    model = PatternCNN(preset="compact").build(spec(3))
    for size in (64, 96):
        assert model.predict_on_batch(np.zeros((1, size, size, 3), "float32")).shape == (1, 15)


def test_periodic_padding_makes_the_answer_blind_to_shifts():
    plugin = PatternCNN(preset="compact", padding="periodic")
    model = plugin.build(spec(3))
    x = np.random.default_rng(0).random((2, 64, 32, 3), dtype=np.float32)
    shifted = np.roll(x, (16, 16), axis=(1, 2))  # a multiple of all strides together
    np.testing.assert_allclose(model.predict_on_batch(x), model.predict_on_batch(shifted), atol=1e-5)


def test_label_smoothing_spreads_probability_evenly():
    from labrun_pattern_cnn.network import make_loss

    loss = make_loss(PatternCNN(preset="compact", label_smoothing=0.3), 3)
    logits = np.log(np.array([[0.5, 0.25, 0.25]], "float32"))
    by_hand = -(0.8 * np.log(0.5) + 0.1 * np.log(0.25) * 2)
    assert float(np.asarray(loss(np.array([0]), logits)).item()) == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"preset": "origin2d"}, "there is no preset 'origin2d': did you mean 'origin_2d'?"),
        ({}, "Field required"),
        ({"blocks": [{"filters": 4, "pool": [2, 2, 1]}]}, "'frames: channels' makes a 2-D network"),
        ({"preset": "origin_3d", "padding": "periodic"}, "'padding: periodic' is for 2-D networks"),
    ],
)
def test_wrong_fields_are_explained(fields, message):
    with pytest.raises(ValidationError, match=message):
        PatternCNN(**fields)


def test_wrong_examples_are_explained():
    flat = ExampleSpec(ArraySpec((64,), "float32"), ArraySpec((), "int64"), CLASSES)
    with pytest.raises(ValueError, match=r"takes x of shape \(height, width, frames\)"):
        PatternCNN(preset="compact").build(flat)
    with pytest.raises(ValueError, match="y of these examples is a number"):
        PatternCNN(preset="compact").build(spec(3, classes=None))


@pytest.mark.parametrize(
    ("preset", "frames", "least", "name"),
    [
        ("compact", 3, 45, "height"),
        ("origin_2d", 3, 45, "height"),
        ("origin_3d", 10, 41, "height"),
        ("origin_3d", 3, 4, "frames"),
    ],
)
def test_patterns_that_are_too_small_for_the_blocks(preset, frames, least, name):
    """As many cells as the message asks for are enough for Keras, and one fewer are not."""
    plugin = PatternCNN(preset=preset)
    small = spec(frames, size=32 if name == "height" else 64)
    found = 32 if name == "height" else frames
    with pytest.raises(
        ValueError, match=f"its blocks need a {name} of at least {least}, and these examples have {name} {found}"
    ) as error:
        plugin.build(small)
    assert "keras" not in str(error.value)
    shape = (least, 64, frames) if name == "height" else (64, 64, least)
    model = plugin.build(ExampleSpec(ArraySpec(shape, "float32"), ArraySpec((), "int64"), CLASSES))
    assert model.predict_on_batch(np.zeros((1, *shape), "float32")).shape == (1, len(CLASSES))
    if name == "height":
        with pytest.raises(Exception, match="pool"):
            model.predict_on_batch(np.zeros((1, least - 1, 64, frames), "float32"))


def test_small_patterns_suit_blocks_that_fill_up_their_edges():
    for padding in ("same", "periodic"):
        model = PatternCNN(preset="compact", padding=padding).build(spec(3, size=32))
        assert model.predict_on_batch(np.zeros((1, 32, 32, 3), "float32")).shape == (1, len(CLASSES))

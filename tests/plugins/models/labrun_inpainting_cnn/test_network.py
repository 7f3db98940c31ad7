from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
from pydantic import ValidationError
from scipy.ndimage import gaussian_filter

from labrun import ArraySpec, ExampleSpec
from labrun_inpainting_cnn import InpaintingCNN
from labrun_inpainting_cnn.presets import PRESETS

GATED = {"preset": "gated", "layers": 2, "filters": 4}


def spec(channels=2, shape=(12, 20), dtype="uint8", classes=None):
    return ExampleSpec(ArraySpec((*shape, channels), dtype), ArraySpec((*shape, 1), "float32"), classes)


@pytest.fixture
def pictures(rng):
    """Eight blurred pictures: x (8, 12, 20, 2) uint8 and y (8, 12, 20, 1)."""
    truth = np.rint(gaussian_filter(rng.normal(128, 50, (8, 12, 20)), (0, 1, 1))).clip(1, 255)
    known = rng.random(truth.shape) >= 0.2
    return np.stack([truth * known, known], axis=-1).astype(np.uint8), truth[..., None].astype(np.float32)


def test_the_course_s_network_has_its_weights():
    """32 kernels 3×3 on one channel with biases, one 3×3 on 32; with the mask, 32 × 9 more."""
    assert InpaintingCNN(preset="course").build(spec()).count_params() == 32 * 10 + 32 * 9 + 1
    assert InpaintingCNN(preset="course").build(spec(1)).count_params() == 609
    assert InpaintingCNN().build(spec()).count_params() == 609 + 32 * 9


def test_weights_begin_as_those_of_pytorch():
    """Uniform in ± 1/√n, n the inputs of a unit: 9 and 9 × 400."""
    model = InpaintingCNN(preset="course", filters=400).build(spec())
    for layer, inputs in (("conv1", 9), ("answer", 3600)):
        kernel, bias = model.get_layer(layer).get_weights()
        bound = inputs**-0.5
        assert 0.97 * bound < np.abs(kernel).max() <= bound
        assert kernel.std() == pytest.approx(bound / np.sqrt(3), rel=0.05)
        assert np.abs(bias).max() <= bound
        assert bias.std() > 0 or bias.size == 1


def test_the_default_optimizer_is_the_course_s():
    optimizer = InpaintingCNN(preset="course").build(spec()).optimizer
    assert (type(optimizer).__name__, float(optimizer.learning_rate), optimizer.momentum) == (
        "SGD",
        pytest.approx(0.9),
        0.0,
    )
    assert InpaintingCNN(momentum=0.5).build(spec()).optimizer.momentum == 0.5


def test_a_step_is_that_of_gradient_descent_on_values_over_255(pictures):
    """The answer is linear in its last bias: d loss / d b = 2 mean(answer − y)."""
    x, y = pictures
    model = InpaintingCNN(preset="course", learning_rate=0.25).build(spec())
    before = model.get_layer("answer").get_weights()[1][0]
    slope = 2 * np.mean(model.predict_on_batch(x) - y) / 255
    model.train_on_batch(x, y)
    assert model.get_layer("answer").get_weights()[1][0] == pytest.approx(before - 0.25 * slope, rel=1e-4)


@pytest.mark.parametrize(
    "fields",
    [
        {"preset": "course", "learning_rate": 0.05},
        {"learning_rate": 0.05, "momentum": 0.5},
        GATED,
        {"layers": 2, "filters": 8, "fill": 0.5, "optimizer": "adam", "learning_rate": 1e-3},
    ],
)
def test_it_learns_saves_and_loads(fields, pictures, tmp_path):
    keras.utils.set_random_seed(1)
    x, y = pictures
    plugin = InpaintingCNN(**fields)
    model = plugin.build(spec())
    history = model.fit(x, y, epochs=10, batch_size=1, verbose=0).history
    assert set(history) == {"loss", "rmse"}
    assert history["loss"][-1] < 0.8 * history["loss"][0]
    assert history["loss"][-1] == pytest.approx((history["rmse"][-1] / 255) ** 2, rel=1e-3)
    model.save_weights(tmp_path / "w.weights.h5")
    again = plugin.build(spec())
    with warnings.catch_warnings():  # the optimizer's state in the file is not wanted
        warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        again.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(model.predict_on_batch(x), again.predict_on_batch(x))


def test_pictures_of_any_size_are_taken(rng):
    x = rng.integers(0, 2, (1, 7, 31, 2), dtype=np.uint8)
    for fields in ({}, GATED):
        assert InpaintingCNN(**fields).build(spec()).predict_on_batch(x).shape == (1, 7, 31, 1)


def test_the_course_s_network_does_not_see_the_mask(pictures):
    x, _ = pictures
    unmasked = x.copy()
    unmasked[..., 1] = 1
    for fields, same in (({"preset": "course"}, True), ({}, False)):
        model = InpaintingCNN(**fields).build(spec())
        assert np.array_equal(model.predict_on_batch(x), model.predict_on_batch(unmasked)) == same


def test_a_gated_network_is_linear_in_the_picture_and_keeps_what_is_known(pictures):
    x, _ = pictures
    model = InpaintingCNN(**GATED).build(spec(dtype="float32"))
    mask = x[..., 1:].astype(np.float32)

    def answer(observed):
        return model.predict_on_batch(np.concatenate([observed * mask, mask], axis=-1))

    one, other = x[..., :1].astype(np.float32), x[::-1, ..., :1].astype(np.float32) + 20
    both = answer(0.25 * one + 0.75 * other)
    np.testing.assert_allclose(both, 0.25 * answer(one) + 0.75 * answer(other), atol=1e-3)
    np.testing.assert_allclose(answer(one + 40) - answer(one), 40, atol=1e-3)  # brighter by as much as what is known
    known = mask == 1
    np.testing.assert_allclose(answer(one)[known], one[known], rtol=1e-6)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"preset": "corse"}, "there is no preset 'corse': did you mean 'course'"),
        (
            {"mask": False, "activation": "gate"},
            "'activation: gate' needs to know which pixels are missing: set 'mask: true'",
        ),
        ({"preset": "course", "fill": 1.0}, "'fill' needs to know which pixels are missing"),
        ({"mask": False, "keep_known": True}, "'keep_known' needs to know"),
        ({"optimizer": "adam", "momentum": 0.9}, "'momentum' belongs to 'optimizer: sgd'"),
    ],
)
def test_wrong_fields_are_explained(fields, message):
    with pytest.raises(ValidationError, match=message):
        InpaintingCNN(**fields)


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        (spec(1), r"takes two channels in x, .* x of \(12, 20, 1\), .* or set 'mask: false'"),
        (spec(classes=("a", "b")), r"inpainting_cnn takes x of shape \(height, width, 2\), observed and mask"),
        (
            ExampleSpec(ArraySpec((8, 9, 2), "uint8"), ArraySpec((9, 8, 1), "float32")),
            r"have x of \(8, 9, 2\), y of \(9, 8, 1\)",
        ),
        (ExampleSpec({"a": ArraySpec((8, 9, 2), "uint8")}, ArraySpec((), "float32")), r"have x of \['a'\], y of \(\)"),
    ],
)
def test_wrong_examples_are_explained(examples, message):
    with pytest.raises(ValueError, match=message):
        InpaintingCNN().build(examples)


def test_presets_are_whole():
    for preset, values in PRESETS.items():
        assert InpaintingCNN(preset=preset).model_dump().items() >= values.items()

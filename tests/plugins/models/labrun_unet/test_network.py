from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
from pydantic import ValidationError
from tests.plugins.shared.labrun_dot_pictures.one_batch import OneBatch

from labrun import ArraySpec, ExampleSpec
from labrun_unet import UNet, scaling
from labrun_unet.presets import PRESETS

SMALL = {"depth": 2, "filters": 4}


def spec(channels=2, answers=1, shape=(24, 36), dtype="float32", classes=None):
    return ExampleSpec(ArraySpec((*shape, channels), dtype), ArraySpec((*shape, answers), "float32"), classes)


def pictures(rng, shape=(4, 24, 36), missing=0.2):
    """Observed and mask, and the truth: smooth grey levels."""
    rows, columns = np.arange(shape[1])[:, None], np.arange(shape[2])
    phase = rng.uniform(0, 6, (shape[0], 1, 1))
    truth = 128 + 60 * np.sin(rows / 3 + phase) * np.cos(columns / 4)
    known = rng.random(shape) >= missing
    return np.stack([truth * known, known], axis=-1).astype(np.float32), truth[..., None].astype(np.float32)


@pytest.mark.parametrize("size", [(24, 36), (13, 21), (1, 2), (50, 50)])
@pytest.mark.parametrize("padding", ["same", "periodic"])
@pytest.mark.parametrize("depth", [0, 3])
def test_an_image_of_any_size_keeps_its_size(rng, size, padding, depth):
    keras.utils.set_random_seed(1)  # all of two rectifiers may be silent at the few pixels of a small image
    model = UNet(depth=depth, filters=4, padding=padding).build(spec(3, 2))
    x = rng.normal(size=(2, *size, 3)).astype(np.float32)
    answer = model.predict_on_batch(x)
    assert answer.shape == (2, *size, 2)
    assert np.isfinite(answer).all()
    assert answer.std() > 0


def test_an_odd_image_is_one_that_is_continued_by_hand_and_cut(rng):
    model = UNet(**SMALL).build(spec(1))
    periodic = UNet(**SMALL, padding="periodic").build(spec(1))
    x = rng.normal(size=(1, 10, 15, 1)).astype(np.float32)
    by_hand = np.pad(x, ((0, 0), (0, 2), (0, 1), (0, 0)), mode="edge")
    np.testing.assert_allclose(model.predict_on_batch(x), model.predict_on_batch(by_hand)[:, :10, :15], atol=1e-5)
    around = np.pad(x, ((0, 0), (0, 2), (0, 1), (0, 0)), mode="wrap")
    np.testing.assert_allclose(periodic.predict_on_batch(x), periodic.predict_on_batch(around)[:, :10, :15], atol=1e-5)


def test_shifts_go_through_a_periodic_network(rng):
    """By multiples of what the pools join; by others, and with zeros beyond the edge, they do not."""
    x = rng.normal(size=(1, 16, 24, 2)).astype(np.float32)
    for kernel in (3, 4):
        model = UNet(**SMALL, padding="periodic", kernel=kernel).build(spec())
        answer = model.predict_on_batch(x)
        for shift in ((4, 0), (0, 8), (12, 20)):
            moved = model.predict_on_batch(np.roll(x, shift, axis=(1, 2)))
            np.testing.assert_allclose(moved, np.roll(answer, shift, axis=(1, 2)), atol=1e-5)
    zeros = UNet(**SMALL).build(spec())
    moved = zeros.predict_on_batch(np.roll(x, (4, 8), axis=(1, 2)))
    assert np.abs(moved - np.roll(zeros.predict_on_batch(x), (4, 8), axis=(1, 2))).max() > 1e-3


@pytest.mark.parametrize(
    "fields",
    [
        {"preset": "inpainting", "filters": 4},
        {"normalize": True, "momentum": 0.5, "loss": "l1", "input_scale": [255.0, 1.0], "output_scale": 255.0},
        {"residual": 0, "padding": "periodic", "pooling": "average", "input_scale": 100.0, "output_scale": 100.0},
        {"loss": "crossentropy", "output_scale": 255.0, "input_scale": 100.0},
    ],
)
def test_it_learns_saves_and_loads(fields, tmp_path, rng):
    keras.utils.set_random_seed(1)
    plugin = UNet(**{"depth": 1, "filters": 4, **fields, "learning_rate": 5e-3})
    x, y = pictures(rng, (4, 12, 18))
    model = plugin.build(spec())
    history = model.fit(x, y, epochs=12, batch_size=2, verbose=0).history
    assert set(history) == {"loss", "mae", "rmse"}
    assert history["loss"][-1] < 0.99 * history["loss"][0]
    model.save_weights(tmp_path / "w.weights.h5")
    again = plugin.build(spec())
    with warnings.catch_warnings():  # the optimizer's state in the file is not wanted
        warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        again.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(model.predict_on_batch(x), again.predict_on_batch(x))


def test_the_preset_has_the_size_of_the_paper():
    """Figure 1: two convolutions 3×3 a level, of 64, 128, 256, 512 and 1024 channels, and up-convolutions 2×2; here with one channel in
    and one out."""
    down = sum(9 * (a * b + b * b) + 2 * b for a, b in ((1, 64), (64, 128), (128, 256), (256, 512), (512, 1024)))
    up = sum(4 * 2 * b * b + b + 9 * (2 * b * b + b * b) + 2 * b for b in (512, 256, 128, 64))
    model = UNet(preset="ronneberger").build(spec(1, 1))
    assert model.count_params() == down + up + 64 + 1
    assert {"down1_conv1", "down4_pool", "bottom_conv2", "up1_expand", "answer"} <= {one.name for one in model.layers}


def test_known_pixels_are_kept_and_the_others_begin_as_they_are_filled(rng):
    x, _ = pictures(rng)
    x[0, 5:8, 5:8] = 0  # a hole: its middle has no known pixel beside it
    x[1, :20] = 0  # and one that is too large for the Gaussian
    model = UNet(preset="inpainting", filters=4).build(spec())
    begun = model.predict_on_batch(x)[..., 0]
    known = x[..., 1] == 1
    np.testing.assert_array_equal(begun[known], x[..., 0][known])
    # in a hole far from all that is known, the mean of what is known
    assert begun[1, 5, 5] == pytest.approx(x[1, ..., 0][known[1]].mean(), rel=1e-4)
    for layer in model.layers:  # and whatever is learned, they stay
        layer.set_weights([rng.normal(size=w.shape) for w in layer.get_weights()])
    changed = model.predict_on_batch(x)[..., 0]
    np.testing.assert_array_equal(changed[known], x[..., 0][known])
    assert np.abs(changed - begun)[~known].min() > 0


def test_without_a_mask_the_whole_channel_is_corrected(rng):
    x = rng.normal(size=(1, 8, 12, 3)).astype(np.float32)
    model = UNet(**SMALL, residual=2).build(spec(3))
    np.testing.assert_array_equal(model.predict_on_batch(x)[..., 0], x[..., 2])


def test_channels_are_divided_each_by_its_own_scale(rng):
    """Ten times the values over ten times the scale are the same to the network."""
    x = rng.normal(size=(1, 8, 12, 2)).astype(np.float32)
    keras.utils.set_random_seed(3)
    one = UNet(**SMALL).build(spec())
    ten = UNet(**SMALL, input_scale=[10.0, 1.0], output_scale=100.0).build(spec())
    ten.set_weights(one.get_weights())
    scaled = x * np.array([10, 1], np.float32)
    np.testing.assert_allclose(ten.predict_on_batch(scaled), 100 * one.predict_on_batch(x), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [("l1", 0.3), ("l2", 0.1), ("crossentropy", -(np.log(0.8) + np.log(0.6)) / 2)],
)
def test_losses_are_taken_in_units_of_the_scale(loss, expected):
    from labrun_unet.network import make_loss

    truth, answer = np.array([0.0, 255.0]).reshape(1, 1, 2, 1), np.array([0.2, 0.6]).reshape(1, 1, 2, 1) * 255
    found = make_loss(UNet(loss=loss, output_scale=255.0))(truth, answer.astype(np.float32))
    assert float(found) == pytest.approx(expected, rel=1e-4)


def test_crossentropy_answers_probabilities(rng):
    model = UNet(**SMALL, loss="crossentropy", output_scale=255.0).build(spec())
    answer = model.predict_on_batch(100 * rng.normal(size=(1, 8, 8, 2)).astype(np.float32))
    assert 0 <= answer.min() < answer.max() <= 255


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"preset": "inpaint"}, "there is no preset 'inpaint': did you mean 'inpainting'"),
        ({"mask": 1}, "'mask' says which pixels of the channel 'residual' are kept: set 'residual' too"),
        ({"mask": 0, "residual": 0}, "'mask' and 'residual' are both the channel 0; they must be two"),
        ({"fill": 1.0, "residual": 0}, "'fill' needs to know which pixels are missing: set 'mask'"),
        ({"residual": 0, "loss": "crossentropy"}, "'loss: crossentropy' needs a probability: use l1 or l2"),
        ({"input_scale": [0.0]}, "greater than 0"),
    ],
)
def test_wrong_fields_are_explained(fields, message):
    with pytest.raises(ValidationError, match=message):
        UNet(**fields)


@pytest.mark.parametrize(
    ("examples", "fields", "message"),
    [
        (
            spec(classes=("a", "b")),
            {},
            r"unet takes images of one size in x and y.* y of \(24, 36, 1\), which is a class",
        ),
        (
            ExampleSpec(ArraySpec((8, 8), "uint8"), ArraySpec((8, 8, 1), "float32")),
            {},
            r"these examples have x of \(8, 8\), y of \(8, 8, 1\)",
        ),
        (
            ExampleSpec({"a": ArraySpec((8, 8, 1), "uint8")}, ArraySpec((8, 8, 1), "float32")),
            {},
            r"these examples have x of \['a'\]",
        ),
        (spec(), {"residual": 0, "mask": 2}, "'mask: 2' is not a channel of x, which has 2, counted from 0"),
        (spec(answers=2), {"residual": 0}, "'residual' corrects one channel, but y has 2: leave it out"),
        (spec(3), {"input_scale": [1.0, 2.0]}, "'input_scale' has 2 numbers, x has 3 channels"),
    ],
)
def test_wrong_examples_are_explained(examples, fields, message):
    with pytest.raises(ValueError, match=message):
        UNet(**fields).build(examples)


def test_presets_are_whole():
    for preset, values in PRESETS.items():
        assert UNet(preset=preset).model_dump().items() >= values.items()


# -- images of other sizes -----------------------------------------------------------------------------------------------------


def waves(rows, columns):
    """One picture at any resolution: (1, rows, columns, 1)."""
    y, x = np.meshgrid((np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns, indexing="ij")
    return (np.sin(5 * y) * np.cos(7 * x))[None, ..., None].astype(np.float32)


@pytest.mark.parametrize("factor", [0.5, 1.5, 4])
def test_images_of_other_sizes_are_seen_at_the_size_of_the_training(factor):
    """The answer to a finer or coarser copy of a picture is a finer or coarser copy of the answer; without `side` it is not."""
    keras.utils.set_random_seed(3)
    plain, scaled = UNet(depth=2, filters=4), UNet(depth=2, filters=4, side=72)
    model = scaled.build(spec(1, 1, shape=(48, 72)))
    answer = scaled.predict(model, waves(48, 72))
    np.testing.assert_array_equal(answer, plain.predict(model, waves(48, 72)))
    rows, columns = round(48 * factor), round(72 * factor)
    other = scaled.predict(model, waves(rows, columns))
    assert other.shape == (1, rows, columns, 1)
    expected = scaling.resized(answer, (rows, columns))
    inner = np.s_[:, rows // 8 : -rows // 8, columns // 8 : -columns // 8]
    assert np.abs(other - expected)[inner].mean() < 0.05 * expected.std()
    assert np.abs(plain.predict(model, waves(rows, columns)) - expected)[inner].mean() > 0.1 * expected.std()


def test_shrinking_loses_no_ink():
    """A dot of one pixel leaves its darkness behind: the mean of the picture stays."""
    dots = np.zeros((1, 120, 160, 1), np.float32)
    dots[0, 31::17, 21::13] = 1
    small = scaling.at_side(dots, 40)
    assert small.shape == (1, 30, 40, 1)
    assert small.mean() == pytest.approx(dots.mean(), rel=0.05)


def test_the_side_is_that_of_the_training():
    with pytest.raises(ValueError, match="side=64, but the longer side of the training images is 36: they must agree"):
        UNet(side=64).build(spec(1, 1))


# -- pictures of dots ----------------------------------------------------------------------------------------------------------


def dotted(step, shape, corner=(20, 14)):
    """A picture, (height, width, 1), of 4 × 3 dots that are `step` pixels apart."""
    picture = np.ones((*shape, 1), np.float32)
    rows, columns = corner[0] + step * np.arange(3), corner[1] + step * np.arange(4)
    for row in rows.astype(int):
        for column in columns.astype(int):
            picture[row : row + 2, column : column + 2] = 0
    return picture


def test_pictures_of_dots_are_seen_at_one_spacing_in_training_and_afterwards():
    plugin = UNet(**SMALL, spacing=8)
    model = plugin.build(spec(1, 1, shape=(96, 128)))
    seen = []
    asked = model.predict_on_batch
    model.predict_on_batch = lambda x: (seen.append(x), asked(x))[1]
    fine, coarse = dotted(10, (96, 128)), dotted(20, (96, 128), corner=(40, 30))
    answer = plugin.predict(model, np.stack([fine, coarse]))
    assert answer.shape == (2, 96, 128, 1)
    assert [x.shape for x in seen] == [(1, 32, 32, 1)] * 2
    dark = [np.argwhere(x[0, ..., 0] > 0.5).mean(axis=0) for x in seen]
    np.testing.assert_allclose(dark[0], dark[1], atol=0.5)

    shapes = []
    model.fit = lambda train, validation_data, **_: shapes.extend(
        a.shape for d in (train, validation_data) for a in d[0]
    )
    pairs = OneBatch(np.stack([fine, coarse]), np.stack([fine, coarse]))
    plugin.fit(model, pairs, pairs, range(1), [])
    assert shapes == [(2, 32, 32, 1)] * 4
    assert plugin.shown(fine[None]).shape == (1, 32, 32, 1)


def test_what_is_far_from_all_dots_stays_as_it_is():
    keras.utils.set_random_seed(3)
    plugin = UNet(**SMALL, spacing=8)
    picture = dotted(20, (140, 200))
    (answer,) = plugin.predict(plugin.build(spec(1, 1, shape=(96, 128))), picture[None])
    assert (answer[95:] == 1).all()
    assert (answer[:, 110:] == 1).all()
    assert not np.allclose(answer[:80, :90], picture[:80, :90])


@pytest.mark.parametrize(
    ("examples", "message"),
    [(spec(1, 2), "with 'spacing' the answer is added to x, so both need the same channels; x has 1, y has 2")],
)
def test_an_answer_that_cannot_be_added_is_refused(examples, message):
    with pytest.raises(ValueError, match=message):
        UNet(spacing=8).build(examples)


def test_one_field_decides_on_the_scale():
    with pytest.raises(ValidationError, match="'spacing' and 'side' both decide"):
        UNet(spacing=8, side=64)
    with pytest.raises(ValidationError, match="sees ink from 0 to 1: leave 'input_scale' and 'output_scale' out"):
        UNet(spacing=8, input_scale=255.0)

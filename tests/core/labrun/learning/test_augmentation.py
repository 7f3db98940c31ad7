"""Augmentation: exact where cells only move, known where it interpolates. Images are oblong."""

from __future__ import annotations

import re

import numpy as np
import pytest
from pydantic import ValidationError

from labrun import ArraySpec
from labrun.learning.augmentation import Augmentation

IMAGES = ArraySpec((5, 8, 3), "float32")
CLASS = ArraySpec((), "int64")


@pytest.fixture
def batch(rng) -> np.ndarray:
    return rng.normal(size=(40, 5, 8, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("settings", "shape"),
    [
        ({"flip": "both"}, (5, 8)),
        ({"flip": "horizontal"}, (5, 8)),
        ({"shift": True}, (5, 8)),
        ({"quarter_turn": True}, (7, 7)),
        ({"flip": "vertical", "shift": True, "quarter_turn": True}, (6, 6)),
    ],
)
def test_moves_keep_every_value_and_move_all_frames_alike(settings, shape, rng):
    cells = rng.permutation(shape[0] * shape[1]).reshape(shape).astype(np.float32)
    batch = np.repeat(np.stack([cells, cells + 1000, cells + 2000], axis=-1)[None], 40, axis=0)
    changed = Augmentation(**settings).apply(batch, True, rng)
    assert changed.shape == batch.shape
    assert changed.dtype == batch.dtype
    assert any((image != batch[0]).any() for image in changed)
    for image in changed:
        np.testing.assert_array_equal(np.sort(image[..., 0], axis=None), np.arange(cells.size))
        np.testing.assert_array_equal(image[..., 1], image[..., 0] + 1000)
        np.testing.assert_array_equal(image[..., 2], image[..., 0] + 2000)


def test_flip_mirrors_the_axis_that_it_names(batch, rng):
    changed = Augmentation(flip="horizontal").apply(batch, False, rng)
    mirrored = [(new == old[:, ::-1]).all() for new, old in zip(changed, batch, strict=True)]
    same = [(new == old).all() for new, old in zip(changed, batch, strict=True)]
    assert all(m != s for m, s in zip(mirrored, same, strict=True))
    assert 8 <= sum(mirrored) <= 32


def test_shift_is_a_roll(batch, rng):
    changed = Augmentation(shift=True).apply(batch, True, rng)
    rolls = [(i, j) for i in range(5) for j in range(8)]
    for new, old in zip(changed, batch, strict=True):
        assert sum((np.roll(old, roll, (0, 1)) == new).all() for roll in rolls) == 1


def test_nothing_to_change_gives_the_batch_itself(batch, rng):
    assert Augmentation().apply(batch, True, rng) is batch
    assert Augmentation().is_empty


def test_the_batch_given_is_left_as_it_was(batch, rng):
    before = batch.copy()
    Augmentation(flip="both", shift=True, rotate=30, zoom=0.1, brightness=0.1).apply(batch, True, rng)
    np.testing.assert_array_equal(batch, before)


class Angles:
    """A generator that draws what it is told: angles in degrees, then the factors of zoom."""

    def __init__(self, angle: float, zoom: tuple[float, float]) -> None:
        self.angle, self.zoom = angle, zoom

    def uniform(self, low, high, size):
        return np.full(size, self.angle) if isinstance(size, int) else np.tile(self.zoom, (size[0], 1))


def resample(batch: np.ndarray, angle: float, zoom: tuple[float, float], periodic: bool) -> np.ndarray:
    return Augmentation(rotate=180, zoom=0.5).apply(batch, periodic, Angles(angle, zoom))  # type: ignore[arg-type]


@pytest.mark.parametrize("periodic", [True, False])
def test_rotation_by_nothing_is_the_identity(batch, periodic):
    np.testing.assert_array_equal(resample(batch, 0, (1, 1), periodic), batch)


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("periodic", [True, False])
def test_rotation_by_quarter_turns_is_rot90(turns, periodic, rng):
    batch = rng.normal(size=(2, 7, 7, 2))
    expected = np.rot90(batch, turns, axes=(1, 2))
    np.testing.assert_allclose(resample(batch, 90 * turns, (1, 1), periodic), expected, atol=1e-12)


def test_half_turn_of_oblong_images(batch):
    np.testing.assert_allclose(resample(batch, 180, (1, 1), False), batch[:, ::-1, ::-1], atol=1e-5)


def test_zoom_stretches_a_wave_by_its_factor():
    """Axis 1 of cos(q j) stretched by z is cos(q j / z) about the middle, up to the error of linear interpolation."""
    q, z, width = 2 * np.pi / 64, 1.25, 64
    j = np.arange(width) - (width - 1) / 2
    batch = np.broadcast_to(np.cos(q * j), (1, 20, width))[..., None].copy()
    stretched = resample(batch, 0, (1, z), True)
    np.testing.assert_allclose(stretched[0, 3, :, 0], np.cos(q * j / z), atol=q**2 / 8 * 1.01)


def test_rotation_about_the_middle_turns_a_plane_wave():
    """A plane wave along the rows, turned by 30°, away from the edges."""
    q = 2 * np.pi / 40
    i, j = np.mgrid[:41, :61] - np.array([20.0, 30.0])[:, None, None]
    batch = np.cos(q * j)[None, ..., None]
    angle = np.deg2rad(30)
    expected = np.cos(q * (np.cos(angle) * j - np.sin(angle) * i))
    turned = resample(batch, 30, (1, 1), False)[0, ..., 0]
    np.testing.assert_allclose(turned[15:26, 20:41], expected[15:26, 20:41], atol=q**2 / 4)


def test_periodic_images_wrap_and_others_repeat_their_edge():
    batch = np.arange(6.0).reshape(1, 1, 6, 1).repeat(3, axis=1)
    stretch = (1.0, 0.5)  # column j comes from 2 j - 2.5
    wrapped = resample(batch, 0, stretch, True)[0, 1, :, 0]
    repeated = resample(batch, 0, stretch, False)[0, 1, :, 0]
    np.testing.assert_allclose(wrapped, [3.5, 2.5, 1.5, 3.5, 2.5, 1.5])
    np.testing.assert_allclose(repeated, [0.0, 0.0, 1.5, 3.5, 5.0, 5.0])


def test_brightness_is_one_factor_an_image(batch, rng):
    ratio = Augmentation(brightness=0.2).apply(batch, False, rng) / batch
    factors = ratio[:, 0, 0, 0]
    np.testing.assert_allclose(ratio, np.broadcast_to(factors[:, None, None, None], ratio.shape), rtol=1e-5)
    assert factors.min() >= 0.79
    assert factors.max() <= 1.21
    assert np.ptp(factors) > 0.1


@pytest.mark.parametrize("periodic", [True, False])
def test_crop_is_a_window_of_the_image(batch, periodic, rng):
    changed = Augmentation(crop=4).apply(batch, periodic, rng)
    assert changed.shape == (40, 4, 4, 3)
    for new, old in zip(changed, batch, strict=True):
        windows = [(i, j) for i in range(5 if periodic else 2) for j in range(8 if periodic else 5)]
        assert sum((np.roll(old, (-i, -j), (0, 1))[:4, :4] == new).all() for i, j in windows) == 1


def test_same_generator_same_result(batch):
    everything = Augmentation(flip="both", shift=True, rotate=90, zoom=0.2, brightness=0.1)
    first, again = (everything.apply(batch, True, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(
    ("settings", "x", "periodic", "message"),
    [
        ({"shift": True}, IMAGES, False, "these examples are not periodic"),
        ({"quarter_turn": True}, IMAGES, True, r"'quarter_turn' needs square images; x has the shape \(5, 8, 3\)"),
        ({"flip": "both"}, ArraySpec((5,), "float32"), True, "augmentation needs images"),
        ({"crop": 6}, IMAGES, True, "'crop: 6' is larger than the images"),
        ({"brightness": 0.1}, ArraySpec((5, 5), "uint8"), True, "need x to be float32 or float64; it is uint8"),
        ({"zoom": 0.1}, ArraySpec((5, 5), "float16"), True, "need x to be float32 or float64; it is float16"),
    ],
)
def test_obstacles(settings, x, periodic, message):
    assert re.search(message, Augmentation(**settings).obstacle(x, CLASS, periodic) or "")


def test_no_obstacle():
    assert Augmentation(shift=True).obstacle(IMAGES, CLASS, True) is None
    assert Augmentation(flip="both").obstacle(ArraySpec((4, 4), "uint8"), CLASS, False) is None
    assert Augmentation().obstacle(ArraySpec((3,), "int64"), CLASS, False) is None


def test_words_and_numbers_in_one_list():
    assert Augmentation.model_validate(["flip", {"zoom": 0.1}]) == Augmentation(flip="both", zoom=0.1)


@pytest.mark.parametrize("value", [["flop"], [["flip"]], [3]])
def test_unknown_word_is_told_with_the_known_ones(value):
    with pytest.raises(ValidationError, match=r"there is no augmentation .* \(known: .*flip"):
        Augmentation.model_validate(value)


def test_a_crop_that_misses_what_its_image_holds_is_drawn_again(rng):
    images = np.zeros((200, 32, 32, 1), dtype=np.float32)
    images[:, 4:12, 4:12] = 1.0  # a quarter of the crops of 8 × 8 cells touches it
    crops = Augmentation(crop=8).apply(images, True, rng)
    dull = (crops.reshape(200, -1).std(axis=1) < 0.1).mean()
    assert dull < 0.2
    flat = np.full((20, 32, 32, 1), 0.3, dtype=np.float32)
    np.testing.assert_array_equal(Augmentation(crop=8).apply(flat, True, rng), flat[:, :8, :8])


def test_offset_adds_one_number_to_all_of_an_example(batch, rng):
    added = Augmentation(offset=0.2).apply(batch, False, rng) - batch
    means = added.mean(axis=(1, 2, 3))
    np.testing.assert_allclose(added, np.broadcast_to(means[:, None, None, None], added.shape), atol=1e-6)
    assert np.abs(means).max() <= 0.2
    assert means.std() > 0.05


def test_a_share_of_examples_stays_on_the_grid(batch, rng):
    changed = Augmentation(rotate=180, zoom=0.2, on_grid=0.5).apply(batch, True, rng)
    same = [(new == old).all() for new, old in zip(changed, batch, strict=True)]
    assert 8 <= sum(same) <= 32


@pytest.mark.parametrize(
    "settings",
    [
        {"flip": "both", "shift": True},
        {"rotate": 180.0, "zoom": 0.2},
        {"crop": 4},
        {"flip": "both", "brightness": 0.0, "offset": 0.0, "quarter_turn": False, "rotate": 20.0},
    ],
)
def test_a_target_that_is_an_image_moves_along(settings, batch, rng):
    target = batch[..., :1].astype(np.float64) * 3 + 1
    x, y = Augmentation(**settings).apply_to_both(batch, target, True, rng)
    assert y.dtype == np.float64
    assert (x[:, :4, :4] != batch[:, :4, :4]).any()
    np.testing.assert_allclose(y, x[..., :1] * 3 + 1, rtol=1e-4, atol=1e-5)


def test_examples_move_as_inputs_alone_do(batch):
    settings = Augmentation(flip="both", shift=True, rotate=30.0, brightness=0.1)
    alone = settings.apply(batch, True, np.random.default_rng(5))
    for target in (np.arange(40), batch[..., 0]):
        x, _ = settings.apply_to_both(batch, target, True, np.random.default_rng(5))
        np.testing.assert_array_equal(x, alone)


def test_what_shades_an_image_leaves_its_target(batch, rng):
    x, y = Augmentation(brightness=0.3, offset=1.0).apply_to_both(batch, batch, True, rng)
    np.testing.assert_array_equal(y, batch)
    assert (x != batch).all(axis=(1, 2, 3)).any()


def test_a_class_stays(batch, rng):
    classes = np.arange(40)
    assert Augmentation(flip="both").apply_to_both(batch, classes, True, rng)[1] is classes


def test_images_of_two_sizes_cannot_move_together():
    obstacle = Augmentation(flip="both").obstacle(IMAGES, ArraySpec((10, 16, 1), "float32"), True)
    assert obstacle == "x and y are images of different sizes, (5, 8) and (10, 16), so they cannot be moved together"

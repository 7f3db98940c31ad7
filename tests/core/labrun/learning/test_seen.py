"""The picture of what a network saw first, against arrays that the test knows."""

import json

import numpy as np
import pytest
from PIL import Image

from labrun import Examples
from labrun.learning.augmentation import Augmentation
from labrun.learning.batches import Batches
from labrun.learning.seen import COUNT, GAP, write_seen


def make_examples(x, classes=None):
    y = np.arange(len(x)) % 2
    return Examples(lambda i: x[i], lambda i: y[i], np.arange(len(x)), classes=classes, periodic=True)


def test_nine_examples_in_the_order_of_the_first_epoch_with_their_classes(tmp_path, rng):
    x = rng.random((20, 48, 96, 3)).astype(np.float32)
    batches = Batches(make_examples(x, ("a", "b")), 4, seed=3, shuffle=True)
    batches.epoch = 7  # where the training ended
    write_seen(batches, tmp_path)
    picture = np.asarray(Image.open(tmp_path / "seen.png"), float)
    assert picture.shape == (96, COUNT * 192 + (COUNT - 1) * GAP)
    chosen = batches.order(0)[:COUNT]
    for at, number in enumerate(chosen):
        tile = picture[::2, at * (192 + GAP) :][:, :192:2]
        assert np.corrcoef(tile.ravel(), x[number, ..., 0].ravel())[0, 1] > 0.999
    assert json.loads((tmp_path / "seen.json").read_text()) == {
        "channels": 3,
        "labels": ["ab"[number % 2] for number in chosen],
    }


def test_examples_are_shown_as_augmented(tmp_path, rng):
    x = rng.random((9, 8, 8)).astype(np.float32)
    plain, moved = tmp_path / "plain", tmp_path / "moved"
    for folder, augmentation in ((plain, None), (moved, Augmentation(shift=True))):
        folder.mkdir()
        write_seen(Batches(make_examples(x), 9, seed=1, augmentation=augmentation), folder)
    one, other = (np.asarray(Image.open(folder / "seen.png")) for folder in (plain, moved))
    assert one.shape == other.shape
    assert (one != other).any()


@pytest.mark.parametrize("x", [np.zeros((9, 5)), np.zeros((9, 2, 40))])
def test_examples_that_are_not_pictures_leave_nothing(tmp_path, x):
    write_seen(Batches(make_examples(x), 4), tmp_path)
    assert not list(tmp_path.iterdir())


def test_examples_of_one_value_are_black(tmp_path):
    write_seen(Batches(make_examples(np.full((2, 8, 8), 5.0)), 4), tmp_path)
    picture = np.asarray(Image.open(tmp_path / "seen.png"))
    assert set(np.unique(picture)) == {0, 255}  # 255: between two

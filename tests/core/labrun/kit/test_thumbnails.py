from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from labrun import Ensemble
from labrun.kit.thumbnails import Sprites


def make_ensemble(arrays) -> Ensemble:
    return Ensemble.from_arrays([{"u": a} for a in arrays], {"i": list(range(len(arrays)))}, "scan")


def test_a_thumbnail_is_the_mean_of_the_cells_under_each_pixel(rng):
    arrays = rng.random((3, 128, 256, 2)).astype(np.float32)
    sprites = Sprites.draw(make_ensemble(arrays), "u", 1, "gray")
    means = arrays[..., 1].reshape(3, 32, 4, 64, 4).mean(axis=(2, 4))
    expected = 255 * (means - means.min()) / np.ptp(means)
    assert sprites.thumbnails.shape == (3, 32, 64)
    assert np.abs(sprites.thumbnails - expected).max() < 0.51


def test_small_patterns_keep_their_cells():
    sprites = Sprites.draw(make_ensemble([np.eye(5, 7, k) for k in range(2)]), "u", -1, "gray")
    np.testing.assert_array_equal(sprites.thumbnails, [255 * np.eye(5, 7, k, dtype=int) for k in range(2)])


def test_every_member_is_found_on_the_sheets_by_the_layout():
    levels = np.arange(300)
    sprites = Sprites.draw(make_ensemble([np.full((20, 30), float(v)) for v in levels]), "u", -1, "gray")
    files, layout = sprites.files(), sprites.layout()
    assert list(files) == ["sprites_0.jpg", "sprites_1.jpg"]
    sheets = [np.asarray(Image.open(io.BytesIO(content)).convert("L"), int) for content in files.values()]
    per_sheet = layout["perRow"] ** 2
    for i in levels:
        row, column = divmod(i % per_sheet, layout["perRow"])
        top, left = row * layout["rowPitch"], column * layout["columnPitch"]
        found = sheets[i // per_sheet][top : top + layout["height"], left : left + layout["width"]]
        assert found.shape == (20, 30)
        assert np.abs(found - 255 * i / 299).max() <= 3


def test_constant_patterns_have_the_first_colour():
    sprites = Sprites.draw(make_ensemble([np.full((4, 6), 0.7)] * 3), "u", -1, "viridis")
    assert (sprites.thumbnails == 0).all()


def test_equal_ensembles_give_equal_bytes(rng):
    arrays = rng.random((5, 16, 24))
    first, second = (Sprites.draw(make_ensemble(arrays.copy()), "u", -1, "viridis") for _ in range(2))
    assert first.files() == second.files()
    assert first.picture([3, 1], 2) == second.picture([3, 1], 2)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="'u' has 1 dimensions; expected two, or three with frames last"):
        Sprites.draw(make_ensemble([np.zeros(4)]), "u", -1, "viridis")
    with pytest.raises(ValueError, match="Matplotlib has no colour map 'virids'; try viridis, magma or gray"):
        Sprites.draw(make_ensemble([np.zeros((4, 4))]), "u", -1, "virids")

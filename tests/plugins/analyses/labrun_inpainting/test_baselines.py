from __future__ import annotations

import numpy as np
import pytest

from labrun import Examples
from labrun_inpainting.baselines import (
    WIDTHS,
    choose_width,
    inpaint_biharmonic,
    inpaint_by_convolution,
    inpaint_mean,
    inpaint_nearest,
)

ROW = np.array([[[10.0, 0.0, 0.0, 40.0, 20.0, 0.0]]])
KNOWN = np.array([[[True, False, False, True, True, False]]])


def test_the_mean_of_what_is_known():
    found = inpaint_mean(ROW, KNOWN)
    np.testing.assert_allclose(found[0, 0], [10, 70 / 3, 70 / 3, 40, 20, 70 / 3])


def test_the_nearest_pixel():
    np.testing.assert_allclose(inpaint_nearest(ROW, KNOWN)[0, 0], [10, 10, 40, 40, 20, 20])


def test_the_nearest_pixel_is_that_of_a_plain_search(rng):
    picture, known = rng.random((2, 7, 11)), rng.random((2, 7, 11)) > 0.6
    found = inpaint_nearest(picture, known)
    for n, i, j in np.argwhere(~known):
        places = np.argwhere(known[n])
        distance = ((places - (i, j)) ** 2).sum(axis=1)
        nearest = [picture[n, a, b] for a, b in places[distance == distance.min()]]
        assert found[n, i, j] in nearest


def test_a_mean_weighted_by_a_gaussian():
    width = 0.8
    found = inpaint_by_convolution(ROW, KNOWN, width)[0, 0]
    weights = np.exp(-(np.array([1.0, 2.0, 3.0]) ** 2) / (2 * width**2))
    assert found[1] == pytest.approx(np.average([10, 40, 20], weights=weights))
    np.testing.assert_allclose(found[[0, 3, 4]], [10, 40, 20])


def test_a_gaussian_that_is_narrow_takes_the_nearest_pixels_and_a_wide_one_nearly_the_mean(rng):
    picture, known = rng.random((1, 9, 12)), rng.random((1, 9, 12)) > 0.5
    narrow = inpaint_by_convolution(picture, known, 0.1)
    near = [(i, j) for _, i, j in np.argwhere(~known) if known[0, max(i - 1, 0) : i + 2, j].any()]
    i, j = near[0]
    sides = [(i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)]
    beside = [picture[0, a, b] for a, b in sides if 0 <= a < 9 and 0 <= b < 12 and known[0, a, b]]
    assert narrow[0, i, j] == pytest.approx(np.mean(beside))
    wide = inpaint_by_convolution(picture, known, 1000.0)
    np.testing.assert_allclose(wide, inpaint_mean(picture, known), rtol=1e-3)


def test_far_from_all_that_is_known_stands_the_mean():
    picture, known = np.zeros((1, 1, 40)), np.zeros((1, 1, 40), bool)
    picture[0, 0, :2], known[0, 0, :2] = (10, 30), True
    assert inpaint_by_convolution(picture, known, 0.25)[0, 0, -1] == pytest.approx(20)


def test_the_biharmonic_surface_goes_on_with_a_plane():
    """Δ² of a plane is 0."""
    plane = 3.0 * np.arange(9)[:, None] + 5.0 * np.arange(12)
    known = np.ones((1, 9, 12), bool)
    known[0, 3:5, 4:7] = False
    found = inpaint_biharmonic(np.where(known, plane, 0.0), known)
    np.testing.assert_allclose(found[0], plane, atol=1e-6)


@pytest.mark.parametrize("inpaint", [inpaint_mean, inpaint_nearest, inpaint_biharmonic])
def test_a_picture_without_gaps_is_left_as_it_is(inpaint, rng):
    picture = rng.random((2, 5, 8))
    np.testing.assert_array_equal(inpaint(picture, np.ones(picture.shape, bool)), picture)


def test_the_width_is_the_one_that_errs_least():
    """Pixels alternate in rows but not in columns of blocks: of a checkerboard, the mean of all is the best that a Gaussian can do; of a
    ramp, the nearest pixels are."""
    rng = np.random.default_rng(3)
    known = rng.random((6, 20, 24)) > 0.3
    board = 100.0 + 50 * (np.indices((20, 24)).sum(axis=0) % 2) + np.zeros((6, 1, 1))
    ramp = 100.0 + 5 * np.arange(24) + np.zeros((6, 20, 1))

    def examples(truth):
        x = np.stack([truth * known, known], axis=-1)
        return Examples(lambda i: x[i], lambda i: truth[i][..., None], np.arange(6))

    wide, narrow = choose_width(examples(board)), choose_width(examples(ramp))
    assert wide > 2 > 1 > narrow
    for truth, chosen in ((board, wide), (ramp, narrow)):
        errors = {w: np.sum((inpaint_by_convolution(truth * known, known, w) - truth)[~known] ** 2) for w in WIDTHS}
        assert errors[chosen] == min(errors.values())

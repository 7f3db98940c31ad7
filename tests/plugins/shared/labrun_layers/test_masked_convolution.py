from __future__ import annotations

import numpy as np
import pytest

from labrun_layers.masked_convolution import apply_filling, mean_of_known


def test_missing_pixels_are_filled_by_a_plain_loop(rng):
    picture, known, width = rng.random((7, 9)), rng.random((7, 9)) > 0.4, 0.8
    found = np.asarray(apply_filling(picture.astype("f4")[None, ..., None], known.astype("f4")[None, ..., None], width))
    for i, j in np.argwhere(~known):
        reach = [(a, b) for a, b in np.argwhere(known) if max(abs(a - i), abs(b - j)) <= 4]
        weights = [np.exp(-((a - i) ** 2 + (b - j) ** 2) / (2 * width**2)) for a, b in reach]
        expected = np.average([picture[a, b] for a, b in reach], weights=weights)
        assert found[0, i, j, 0] == pytest.approx(expected, rel=1e-4)
    np.testing.assert_allclose(found[0, ..., 0][known], picture[known], rtol=1e-6)


def test_the_mean_is_that_of_known_pixels(rng):
    picture, known = rng.random((3, 4, 5, 1)).astype("f4"), (rng.random((3, 4, 5, 1)) > 0.4).astype("f4")
    found = np.asarray(mean_of_known(picture, known)).ravel()
    np.testing.assert_allclose(found, [p[k == 1].mean() for p, k in zip(picture, known, strict=True)], rtol=1e-5)
    assert np.asarray(mean_of_known(picture, 0 * known)).tolist() == [[[[0.0]]]] * 3

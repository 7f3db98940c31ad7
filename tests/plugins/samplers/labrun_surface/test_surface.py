"""`surface`: the largest error of a function that is steep in one corner, beside a Sobol sequence of the same length."""

from __future__ import annotations

import numpy as np
from scipy.stats import qmc

from labrun import Asked
from labrun_surface import Surface


def steep(points: np.ndarray) -> np.ndarray:
    return np.exp(3 * points[:, 0] * points[:, 1]) / 5 + np.tanh(10 * (points[:, 0] - 0.8))


def test_its_largest_error_is_half_of_an_even_spread():
    even = qmc.Sobol(2, rng=np.random.default_rng(2)).random(64)
    places = np.random.default_rng(3).random((500, 2))

    def largest_error(rows: np.ndarray) -> float:
        asked = Asked(rows, steep(rows), np.full(len(rows), np.nan))
        return float(np.abs(Surface().predict(asked, places) - steep(places)).max())

    points, rng = even[:16], np.random.default_rng(4)
    while len(points) < 64:
        candidates = qmc.Sobol(2, rng=rng).random(512)
        asked = Asked(points, steep(points), np.full(len(points), np.nan))
        points = np.vstack([points, candidates[Surface().propose(asked, candidates, 8, rng).rows]])
    assert largest_error(points) < 0.5 * largest_error(even)

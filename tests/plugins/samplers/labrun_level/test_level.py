"""`level`: a crossing that is known exactly, in one dimension and with noise, and a contour in two."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from labrun import Asked
from labrun_level import Level


def search(
    function, coordinates: int, rows: int, sampler: Level, seed: int = 0, start: int = 6, batch: int = 3
) -> Asked:
    rng = np.random.default_rng(seed)
    points = rng.random((start, coordinates))
    while True:
        asked = Asked(points, function(points), np.full(len(points), np.nan))
        if len(points) >= rows:
            return asked
        candidates = rng.random((1000, coordinates))
        points = np.vstack([points, candidates[sampler.propose(asked, candidates, batch, rng).rows]])


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_a_crossing_on_a_line(noise):
    """tanh(8 (x − x_c)) = 0.3 at x = x_c + artanh(0.3) / 8, found with 24 rows."""
    crossing = 0.37 + np.arctanh(0.3) / 8
    errors = np.random.default_rng(5)

    def function(points: np.ndarray) -> np.ndarray:
        return np.tanh(8 * (points[:, 0] - 0.37)) + noise * errors.normal(size=len(points))

    sampler = Level(value=0.3)
    asked = search(function, 1, 24, sampler)
    found = brentq(lambda x: predicted(asked, x) - 0.3, crossing - 0.1, crossing + 0.1)
    assert abs(found - crossing) < (0.001 if noise == 0 else 0.005)
    assert np.median(np.abs(asked.points[6:] - crossing)) < 0.1


def predicted(asked: Asked, x: float) -> float:
    from labrun_kriging.process import Process

    return float(Process.fitted(asked, np.random.default_rng(0)).predict(np.array([[x]]))[0][0])


def test_a_contour_in_a_plane():
    """A circle: rows gather on it, and the sides of places are right."""

    def function(points: np.ndarray) -> np.ndarray:
        return np.linalg.norm(points - 0.5, axis=1)

    sampler = Level(value=0.3)
    asked = search(function, 2, 60, sampler, start=12, batch=6)
    places = np.random.default_rng(7).random((2000, 2))
    assert np.mean(sampler.predict(asked, places) != (function(places) > 0.3)) < 0.01
    assert np.median(np.abs(function(asked.points[12:]) - 0.3)) < 0.1

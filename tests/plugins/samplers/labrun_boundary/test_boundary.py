"""`boundary`: places whose score is known by hand, and a circle that it finds."""

from __future__ import annotations

import numpy as np
import pytest

from labrun import Asked
from labrun_boundary import Boundary


def asked(points: np.ndarray, values: np.ndarray) -> Asked:
    return Asked(points, values, np.full(len(values), np.nan), ("a", "b"))


def test_the_score_on_a_line():
    """Rows at 0 (a), 0.4 (a) and 1 (b). At 0.7 the nearest rows of both classes are 0.3 away, at 0.2 that of b is 0.8 away, at 0.9
    that of a 0.5."""
    rows = asked(np.array([[0.0], [0.4], [1.0]]), np.array([0.0, 0.0, 1.0]))
    candidates = np.array([[0.2], [0.7], [0.9]])
    choice = Boundary(focus=3).propose(rows, candidates, 3, np.random.default_rng(0))
    assert choice.rows.tolist() == [1, 0, 2]
    assert choice.scores.tolist() == pytest.approx([0.3, 0.2 * (0.2 / 0.8) ** 3, 0.1 * (0.1 / 0.5) ** 3])


def test_a_row_in_work_closes_its_gap():
    points = np.array([[0.0], [1.0], [0.5]])
    candidates = np.array([[0.49], [0.25]])
    free = Boundary().propose(asked(points[:2], np.array([0.0, 1.0])), candidates, 1, np.random.default_rng(0))
    closed = Boundary().propose(asked(points, np.array([0.0, 1.0, np.nan])), candidates, 1, np.random.default_rng(0))
    assert (free.rows.tolist(), closed.rows.tolist()) == ([0], [1])


def test_without_focus_it_fills_gaps():
    """Farthest points first, whatever the classes."""
    rng = np.random.default_rng(1)
    rows, candidates = rng.random((20, 2)), rng.random((300, 2))
    choice = Boundary(focus=0).propose(asked(rows, (rows[:, 0] > 0.5).astype(float)), candidates, 5, rng)
    for place in choice.rows:
        gaps = np.linalg.norm(candidates[:, None] - rows[None], axis=-1).min(axis=1)
        assert place == gaps.argmax()
        rows = np.vstack([rows, candidates[place]])


def test_it_finds_a_circle_with_fewer_rows_than_an_even_spread():
    """Labels of the nearest row over the unit square, on which a circle has another class than the rest."""

    def inside(points: np.ndarray) -> np.ndarray:
        return (np.linalg.norm(points - [0.5, 0.45], axis=1) < 0.3).astype(float)

    from scipy.stats import qmc

    places = qmc.Sobol(2, rng=np.random.default_rng(9)).random(4096)
    even = qmc.Sobol(2, rng=np.random.default_rng(2)).random(512)

    def wrong(rows: np.ndarray) -> float:
        return float(np.mean(Boundary().predict(asked(rows, inside(rows)), places) != inside(places)))

    points, rng = even[:64], np.random.default_rng(3)
    while len(points) < 192:
        candidates = qmc.Sobol(2, rng=rng).random(2048)
        points = np.vstack(
            [points, candidates[Boundary().propose(asked(points, inside(points)), candidates, 16, rng).rows]]
        )
    assert wrong(points) < 0.5 * wrong(even[:192])
    assert wrong(points) < wrong(even)

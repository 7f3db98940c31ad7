"""`optimum`: extrema and targets that are known, and the expected improvement in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.stats import norm

from labrun import Asked
from labrun_kriging.process import Process
from labrun_optimum import Optimum


def hills(points: np.ndarray) -> np.ndarray:
    """A hill of height 1 at (0.7, 0.2), and one of 0.6 at (0.2, 0.8)."""
    squares = [((points - centre) ** 2).sum(axis=1) for centre in ([0.7, 0.2], [0.2, 0.8])]
    return np.exp(-squares[0] / 0.05) + 0.6 * np.exp(-squares[1] / 0.05)


@pytest.mark.parametrize(
    ("sampler", "loss"),
    [
        (Optimum(), lambda y: 1 - y),
        (Optimum(goal="minimum"), lambda y: y),
        (Optimum(goal="target", target=0.37), lambda y: abs(y - 0.37)),
    ],
)
def test_it_finds_what_it_looks_for(sampler, loss):
    rng = np.random.default_rng(1)
    points = rng.random((10, 2))
    while len(points) < 40:
        candidates = rng.random((1500, 2))
        asked = Asked(points, hills(points), np.full(len(points), np.nan))
        points = np.vstack([points, candidates[sampler.propose(asked, candidates, 3, rng).rows]])
    assert loss(hills(points)).min() < 0.02


def test_the_score_is_the_expected_improvement():
    """E[max(y − best, 0)] = (m − b) Φ(z) + σ φ(z), z = (m − b) / σ."""
    rng = np.random.default_rng(2)
    points = rng.random((12, 2))
    asked = Asked(points, hills(points), np.full(12, np.nan))
    candidates = rng.random((200, 2))
    process = Process.fitted(asked, np.random.default_rng(0))
    mean, error = process.predict(candidates)
    best = process.predict(points)[0].max()
    z = (mean - best) / error
    wanted = (mean - best) * norm.cdf(z) + error * norm.pdf(z)
    choice = Optimum().propose(asked, candidates, 1, np.random.default_rng(0))
    assert choice.rows[0] == wanted.argmax()
    assert choice.scores[0] == pytest.approx(wanted.max(), rel=0.02)


def test_a_target_belongs_to_its_goal():
    for config in ({"goal": "target"}, {"target": 1.0}):
        with pytest.raises(ValidationError, match="'target' goes with 'goal: target'"):
            Optimum(**config)

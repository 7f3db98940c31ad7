"""`uncertain`: rows go where the probabilities are even, or where models disagree."""

from __future__ import annotations

import numpy as np
import pytest

from labrun import Asked
from labrun_uncertain import Uncertain

LINE = np.array([[0.0], [0.2], [0.4], [0.6], [0.8], [1.0]])


def asked(second: list[float], disagreement: list[float]) -> Asked:
    probabilities = np.stack([1 - np.array(second), np.array(second)], axis=1)
    values = probabilities.argmax(axis=1).astype(float)
    return Asked(LINE, values, np.full(6, np.nan), ("a", "b"), probabilities, np.array(disagreement))


@pytest.mark.parametrize(("by", "place"), [("entropy", 0.3), ("disagreement", 0.9)])
def test_it_looks_where_it_is_told(by, place):
    rows = asked([0.0, 0.5, 0.5, 1.0, 1.0, 1.0], [0, 0, 0, 0, 0.5, 0.5])
    candidates = np.array([[0.1], [0.3], [0.5], [0.7], [0.9]])
    choice = Uncertain(by=by).propose(rows, candidates, 1, np.random.default_rng(0))
    assert candidates[choice.rows[0], 0] == place


def test_a_certain_model_leaves_gaps():
    """Where nothing is uncertain, the largest gap comes first."""
    rows = asked([0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0] * 6)
    candidates = np.array([[0.05], [0.31], [0.7]])
    assert Uncertain().propose(rows, candidates, 3, np.random.default_rng(0)).rows.tolist() == [2, 1, 0]

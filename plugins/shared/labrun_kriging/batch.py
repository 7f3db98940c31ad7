"""Choose a batch by a score that follows from predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from labrun import Choice

if TYPE_CHECKING:
    from labrun_kriging.process import Process

__all__ = ["choose_batch"]

Score = Callable[["Process", np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""From a process, places, and mean and standard error there to the score of each place."""


def choose_batch(process: Process, candidates: np.ndarray, count: int, score: Score) -> Choice:
    """Return the candidates with the largest scores, (count,), one after the other: each is believed to have the predicted value, which
    lowers the score of its surroundings. Only predictions that rest on rows at least as far as the new one are made again."""
    mean, error, within = process.predict_within(candidates)
    rows, found = np.empty(count, np.int64), np.empty(count)
    free = np.ones(len(candidates), bool)
    for i in range(count):
        scores = np.where(free, score(process, candidates, mean, error), -np.inf)
        rows[i] = scores.argmax()
        found[i] = scores[rows[i]]
        free[rows[i]] = False
        chosen = candidates[rows[i] : rows[i] + 1]
        process = process.believing(chosen)
        near = np.linalg.norm((candidates - chosen) / process.lengths, axis=1) <= within
        mean[near], error[near], within[near] = process.predict_within(candidates[near])
    return Choice(rows, found)

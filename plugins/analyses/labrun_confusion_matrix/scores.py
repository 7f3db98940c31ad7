"""Numbers of a classification."""

from __future__ import annotations

import numpy as np


def confusion(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts `(classes, classes)`: row the true class, column the predicted one."""
    return np.bincount(truth * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def macro_f1(counts: np.ndarray) -> float:
    """Mean over the classes of 2 TP / (2 TP + FP + FN); classes that neither occur nor are predicted do not count."""
    hit = np.diag(counts)
    touched = counts.sum(axis=0) + counts.sum(axis=1)
    present = touched > 0
    return float(np.mean(2 * hit[present] / touched[present])) if present.any() else 0.0


def interval(
    correct: np.ndarray, groups: np.ndarray, confidence: float, resamples: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Percentile bootstrap interval of the accuracy; whole groups (members) are drawn with replacement (Efron &
    Tibshirani 1993, ch. 13)."""
    _, group_of = np.unique(groups, return_inverse=True)
    hits = np.bincount(group_of, weights=correct)
    sizes = np.bincount(group_of)
    count = len(sizes)
    accuracies = np.empty(resamples)
    for i in range(resamples):
        drawn = rng.integers(0, count, count)
        accuracies[i] = hits[drawn].sum() / sizes[drawn].sum()
    tail = (1 - confidence) / 2
    low, high = np.quantile(accuracies, [tail, 1 - tail])
    return float(low), float(high)

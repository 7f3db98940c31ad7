"""Scores of a classification."""

from __future__ import annotations

import numpy as np


def confusion(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Count examples by true class (row) and predicted class (column), `(classes, classes)`."""
    return np.bincount(truth * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def macro_f1(counts: np.ndarray) -> float:
    """Return the mean over classes of 2 TP / (2 TP + FP + FN); classes that neither occur nor are predicted do not count."""
    hit = np.diag(counts)
    touched = counts.sum(axis=0) + counts.sum(axis=1)
    present = touched > 0
    return float(np.mean(2 * hit[present] / touched[present])) if present.any() else 0.0

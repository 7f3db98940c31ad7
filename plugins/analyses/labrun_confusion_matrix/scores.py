"""Scores of a classification."""

from __future__ import annotations

import numpy as np

__all__ = ["confusion", "macro_f1", "units_of_classes"]


def confusion(truth: np.ndarray, predicted: np.ndarray, classes: int, units: np.ndarray) -> np.ndarray:
    """Count the examples of each unit by true class and predicted class, (units, classes, classes).

    `truth`, `predicted` and `units`, the number of the unit, are (examples,) int64.
    """
    places = (units * classes + truth) * classes + predicted
    return np.bincount(places, minlength=(units.max() + 1) * classes**2).reshape(-1, classes, classes)


def macro_f1(counts: np.ndarray) -> np.ndarray:
    """Return the mean over classes of 2 TP / (2 TP + FP + FN) of counts (…, classes, classes) by true and predicted class; classes that
    neither occur nor are predicted do not count."""
    hit = np.diagonal(counts, axis1=-2, axis2=-1)
    touched = counts.sum(axis=-1) + counts.sum(axis=-2)
    f1 = np.divide(2 * hit, touched, out=np.zeros(hit.shape), where=touched > 0)
    return f1.sum(axis=-1) / np.maximum((touched > 0).sum(axis=-1), 1)


def units_of_classes(counts: np.ndarray) -> float:
    """Return how many units a mean over classes counts, from the counts of each unit, (units, classes, classes).

    With class c in k_c units, the mean of C shares that are independent and alike varies as a share of C² / Σ 1 / k_c units. That many
    count, at most all units: the errors of one unit in several classes depend on one another.
    """
    held = (counts.sum(axis=-1) > 0).sum(axis=0)
    held = held[held > 0]
    return float(min(len(counts), len(held) ** 2 / (1 / held).sum()))

"""Compute precision, recall and F1 of each class, and their means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_fscore_support
from sklearn.utils.multiclass import unique_labels

from labrun.kit.intervals import share_interval
from labrun.kit.units import Units

__all__ = ["MACRO", "WEIGHTED", "remarks", "report"]

MACRO, WEIGHTED = "macro mean", "weighted mean"
SCORES = ("precision", "recall", "F1")
CONFIDENCE = 0.95


def report(truth: np.ndarray, predicted: np.ndarray, classes: Sequence[str], units: Units) -> pd.DataFrame:
    """Return a row for each class that occurs or is predicted, then the two means.

    The columns are `class`, the scores, `support` and `predictions` (the numbers of examples that are of the class, and predicted as it),
    and the ends of the intervals of precision and recall, which the means lack.
    """
    present = unique_labels(truth, predicted)
    scores = precision_recall_fscore_support(truth, predicted, labels=present, zero_division=0)
    table = pd.DataFrame({"class": [classes[i] for i in present], **dict(zip(SCORES, scores, strict=False))})
    table["support"] = scores[3]
    table["predictions"] = np.bincount(predicted, minlength=len(classes))[present]
    for name, average in ((MACRO, "macro"), (WEIGHTED, "weighted")):
        means = precision_recall_fscore_support(truth, predicted, labels=present, average=average, zero_division=0)
        table.loc[len(table)] = [name, *means[:3], len(truth), len(truth)]
    for score, given in (("precision", predicted), ("recall", truth)):
        ends = [_interval((truth == predicted) & (given == i), given == i, units) for i in present]
        missing = [(np.nan, np.nan)] * 2
        table[[f"{score}_low", f"{score}_high"]] = [*ends, *missing]
    return table


def _interval(right: np.ndarray, given: np.ndarray, units: Units) -> tuple[float, float]:
    """Return the interval of a share of examples; NaN where there are none."""
    if not given.any():
        return np.nan, np.nan
    found = share_interval(units.sums(right), units.sums(given), CONFIDENCE)
    return found.low, found.high


def remarks(table: pd.DataFrame, dataset: str) -> list[str]:
    """Return what a reader must know about classes that are never predicted, or do not occur."""
    words = {
        "predictions": "never predicted, so its precision is 0",
        "support": "predicted but does not occur, so its recall is 0",
    }
    return [
        f"'{dataset}': the class '{name}' is {what}"
        for column, what in words.items()
        for name in table.loc[table[column] == 0, "class"]
    ]

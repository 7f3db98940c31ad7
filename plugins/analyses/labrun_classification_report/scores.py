"""Precision, recall and F1 of each class, and their means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_fscore_support
from sklearn.utils.multiclass import unique_labels

__all__ = ["MACRO", "WEIGHTED", "remarks", "report"]

MACRO, WEIGHTED = "macro mean", "weighted mean"
SCORES = ("precision", "recall", "F1")


def report(truth: np.ndarray, predicted: np.ndarray, classes: Sequence[str]) -> pd.DataFrame:
    """A row for each class that occurs or is predicted, then the two means.

    The columns are `class`, the scores, `support` and `predictions`: how many examples are of the class, and are taken for it.
    """
    present = unique_labels(truth, predicted)
    scores = precision_recall_fscore_support(truth, predicted, labels=present, zero_division=0)
    table = pd.DataFrame({"class": [classes[i] for i in present], **dict(zip(SCORES, scores, strict=False))})
    table["support"] = scores[3]
    table["predictions"] = np.bincount(predicted, minlength=len(classes))[present]
    for name, average in ((MACRO, "macro"), (WEIGHTED, "weighted")):
        means = precision_recall_fscore_support(truth, predicted, labels=present, average=average, zero_division=0)
        table.loc[len(table)] = [name, *means[:3], len(truth), len(truth)]
    return table


def remarks(table: pd.DataFrame, dataset: str) -> list[str]:
    """What a reader must know of classes that are never predicted, or do not occur."""
    words = {
        "predictions": "never predicted, so that its precision is 0",
        "support": "predicted, and does not occur, so that its recall is 0",
    }
    return [
        f"'{dataset}': the class '{name}' is {what}"
        for column, what in words.items()
        for name in table.loc[table[column] == 0, "class"]
    ]

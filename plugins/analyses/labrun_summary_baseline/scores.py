"""Scores of predictions, over all examples and in each group."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, r2_score, root_mean_squared_error

from labrun import Examples
from labrun.kit.predictions import true_values

__all__ = ["judge", "judge_groups"]


def judge(examples: Examples, found: NDArray[np.float64]) -> dict[str, object]:
    """Return a row of the table `scores`: accuracy, or root mean squared error and R², and the spread of the first over groups."""
    truth = true_values(examples)
    each = judge_groups(examples, found)[_score(examples)]
    more = {"r2": float(r2_score(truth, found))} if examples.classes is None and len(truth) > 1 else {}
    return {
        "dataset": examples.name,
        "examples": len(examples),
        "groups": len(each),
        _score(examples): _judged(examples, truth, found),
        **more,
        "spread": float(each.std()) if len(each) > 1 else np.nan,
    }


def judge_groups(examples: Examples, found: NDArray[np.float64]) -> pd.DataFrame:
    """Return the accuracy, or the root mean squared error, of each group."""
    truth, groups = true_values(examples), examples.groups
    rows = []
    for group in np.unique(groups):
        here = groups == group
        score = _judged(examples, truth[here], found[here])
        rows.append({"dataset": examples.name, "group": group, "examples": here.sum(), _score(examples): score})
    return pd.DataFrame(rows)


def _score(examples: Examples) -> str:
    return "rmse" if examples.classes is None else "accuracy"


def _judged(examples: Examples, truth: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    return float(root_mean_squared_error(truth, found) if examples.classes is None else accuracy_score(truth, found))

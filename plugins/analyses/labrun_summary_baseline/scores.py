"""Scores of predictions, over all examples and in each group."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, r2_score, root_mean_squared_error

from labrun import Examples, Measure
from labrun.kit.accuracy import accuracy_measure
from labrun.kit.intervals import LOGARITHMIC, score_interval
from labrun.kit.predictions import true_values
from labrun.kit.units import independent_units

__all__ = ["judge", "judge_groups", "measures"]

CONFIDENCE = 0.95


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


def measures(examples: Examples, found: NDArray[np.float64], method: str) -> list[Measure]:
    """Return the accuracy of predicted classes, or RMSE and R² of predicted numbers, with their intervals over independent units."""
    if examples.classes is not None:
        return [accuracy_measure(examples, [found], method, CONFIDENCE, key=True)]
    truth, units = true_values(examples), independent_units(examples)

    def rmse(chosen: NDArray[np.int64]) -> float:
        return float(root_mean_squared_error(truth[chosen], found[chosen]))

    def unexplained(chosen: NDArray[np.int64]) -> float:
        return 1 - float(r2_score(truth[chosen], found[chosen]))

    known: dict[str, Any] = {"model": method, "dataset": examples.name, "n": units.count, "units": units.words}
    everything = np.arange(len(truth))
    interval = score_interval(rmse, units.of, CONFIDENCE, LOGARITHMIC)
    unit = examples.quantity.unit if examples.quantity is not None else ""
    error = Measure(rmse(everything), name="RMSE", interval=interval, unit=unit, better="lower", **known)
    if len(truth) < 2:
        return [error]
    rest = score_interval(unexplained, units.of, CONFIDENCE, LOGARITHMIC)
    of_r2 = replace(rest, low=1 - rest.high, high=1 - rest.low) if rest else None
    r2 = Measure(
        1 - unexplained(everything), name="R²", interval=of_r2, better="higher", ceiling=1.0, key=True, **known
    )
    return [error, r2]

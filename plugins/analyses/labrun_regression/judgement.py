"""Scores of all predictors on one dataset, and the rows of the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labrun import Examples, Quantity
from labrun.kit.bootstrap import bootstrap_interval
from labrun.kit.predictions import rounded
from labrun_regression.predictors import Predictor, truth_of
from labrun_regression.scores import SCORES, is_constant, judge, judge_values, recurring_values

__all__ = ["FEW_MEMBERS", "Judgement", "judge_dataset"]

COLUMNS = ("dataset", "examples", "truth", "mean", "bias", "spread", "overlap", *SCORES)
"""What the tables of scores hold beside names and varied values."""
FEW_MEMBERS = 10
"""With fewer members, a bootstrap interval covers less than it claims."""


@dataclass(frozen=True)
class Judgement:
    """Scores of k predictors on a dataset of n examples."""

    dataset: str
    quantity: Quantity
    groups: np.ndarray
    """(n,) member of each example"""
    truth: np.ndarray
    """(n,) [unit of the quantity]"""
    predictors: Sequence[Predictor]
    predictions: np.ndarray
    """(k, n) [unit of the quantity]"""
    scores: np.ndarray
    """(k, 4), in the order of `SCORES`"""
    low: np.ndarray
    high: np.ndarray
    values: np.ndarray | None
    """Distinct values of the truth, if they are few"""
    of_values: Sequence[Sequence[dict[str, float]]]
    """For each predictor, a row for each of those values (see `judge_values`)"""

    def score_rows(self) -> Iterator[dict[str, Any]]:
        """Yield a row for each predictor."""
        for i, one in enumerate(self.predictors):
            row = one.columns(COLUMNS, "model") | {"dataset": self.dataset, "examples": len(self.truth)}
            for j, score in enumerate(SCORES):
                row |= {score: self.scores[i, j], f"{score}_low": self.low[i, j], f"{score}_high": self.high[i, j]}
            if self.values is not None:
                row |= {name: _mean(r[name] for r in self.of_values[i]) for name in ("spread", "overlap")}
            yield row

    def value_rows(self) -> Iterator[dict[str, Any]]:
        """Yield a row for each predictor and true value; none where there are many values."""
        for one, rows in zip(self.predictors, self.of_values, strict=True):
            for row in rows:
                yield one.columns(COLUMNS, "model") | {"dataset": self.dataset} | row

    def prediction_columns(self) -> Iterator[dict[str, Any]]:
        """Yield the predictions of each predictor as columns of a table, rounded to 7 significant digits."""
        for one, prediction in zip(self.predictors, self.predictions, strict=True):
            yield {
                "model": one.name,
                "dataset": self.dataset,
                "example": np.arange(len(self.truth)),
                "group": self.groups,
                "truth": rounded(self.truth),
                "prediction": rounded(prediction),
            }

    def warnings(self) -> Iterator[str]:
        """Yield what a reader must know before believing the numbers."""
        for one, prediction in zip(self.predictors, self.predictions, strict=True):
            if is_constant(prediction):
                yield f"'{one.name}' is dead: it predicts {prediction[0]:.3g} for every example of '{self.dataset}'"
        members = len(np.unique(self.groups))
        if members < FEW_MEMBERS:
            yield (
                f"the {len(self.truth)} examples of '{self.dataset}' come from {members} member{'s'[: members != 1]}: intervals from so "
                "few are too narrow"
            )


def judge_dataset(
    examples: Examples, predictors: Sequence[Predictor], confidence: float, resamples: int, rng: np.random.Generator
) -> Judgement:
    """Judge all predictors on the same examples and the same bootstrap resamples, so that their intervals can be compared.

    Raises:
        ValueError: y is not the quantity that a predictor predicts.
    """
    truth = truth_of(examples)
    predictions = np.stack([one.answer(examples) for one in predictors])
    low, high = bootstrap_interval(
        lambda chosen: judge(predictions[:, chosen], truth[chosen]), examples.groups, confidence, resamples, rng
    )
    values = recurring_values(truth)
    return Judgement(
        examples.name,
        examples.quantity or Quantity("y"),
        examples.groups,
        truth,
        predictors,
        predictions,
        judge(predictions, truth),
        low,
        high,
        values,
        [judge_values(p, truth, values) if values is not None else [] for p in predictions],
    )


def _mean(values: Iterator[float]) -> float:
    """Return the mean of the values that are not NaN."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known))  # a truth whose values recur has one with two examples

"""Scores of all predictors on one dataset, and the rows of the tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from labrun import Examples, Interval, Measure, Quantity
from labrun.contracts.measure import Judged
from labrun.kit.comparison import Standing, against_baselines, judged_on, standings, units_digest
from labrun.kit.intervals import student_interval
from labrun.kit.methods import group_by_kind
from labrun.kit.predictions import rounded
from labrun.kit.spread import leave_out
from labrun.kit.units import FEW, Units, independent_units
from labrun_regression.predictors import Predictor, truth_of
from labrun_regression.scores import NEARLY_NORMAL, SCORES, is_constant, judge, judge_values, recurring_values

__all__ = ["Judgement", "judge_dataset"]

COLUMNS = ("dataset", "examples", "units", "truth", "mean", "bias", "spread", "overlap", *SCORES)
"""What the tables of scores hold beside names and varied values."""
KEYS = ("r", "mae")
"""Scores that are key results"""


@dataclass(frozen=True)
class Judgement:
    """Scores of k predictors on a dataset of n examples."""

    dataset: str
    quantity: Quantity
    groups: np.ndarray
    """(n,) member of each example"""
    units: Units
    truth: np.ndarray
    """(n,) [unit of the quantity]"""
    predictors: Sequence[Predictor]
    predictions: np.ndarray
    """(k, n) [unit of the quantity]"""
    scores: np.ndarray
    """(k, 4), in the order of `SCORES`"""
    low: np.ndarray
    high: np.ndarray
    """Ends of the intervals of the scores, (k, 4); NaN where a score has none"""
    confidence: float
    of_kinds: Mapping[str, np.ndarray]
    """For each kind the ends of the intervals of its mean scores, over units and seeds, (2, 4)"""
    judged: Mapping[str, Sequence[Judged]]
    """For each kind, what it takes to compare each of its mean scores"""
    values: np.ndarray | None
    """Distinct values of the truth, if they are few"""
    of_values: Sequence[Sequence[dict[str, float]]]
    """For each predictor, a row for each of those values (see `judge_values`)"""

    def score_rows(self) -> Iterator[dict[str, Any]]:
        """Yield a row for each predictor."""
        for i, one in enumerate(self.predictors):
            row = one.columns(COLUMNS, "model") | {"dataset": self.dataset, "examples": len(self.truth)}
            row |= {"units": self.units.count}
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

    def measures(self) -> Iterator[tuple[str, Measure | float]]:
        """Yield `MAE test`, … for networks of one kind, and `MAE test, <kind>` for those of several kinds and for baselines."""
        kinds = group_by_kind(self.predictors)
        networks = self._networks()
        compared = [self._compared(j) for j in range(len(SCORES))]
        for kind, places in kinds.items():
            end = self.dataset if networks == [kind] else f"{self.dataset}, {kind}"
            for j, name in enumerate(SCORES.values()):
                yield f"{name} {end}", compared[j][kind]
                if len(places) > 1:
                    yield f"spread of {name} {end}", float(self.scores[places, j].std(ddof=1))
            if self.values is not None:
                common: dict[str, Any] = {"model": kind, "dataset": self.dataset}
                spread, overlap = (
                    float(np.mean([_mean(row[name] for row in self.of_values[i]) for i in places]))
                    for name in ("spread", "overlap")
                )
                yield f"mean spread {end}", Measure(spread, name="mean spread", unit=self.quantity.unit, **common)
                yield f"mean overlap {end}", Measure(overlap, name="mean overlap", **common)

    def _networks(self) -> list[str]:
        """Return the kinds of networks."""
        return list(dict.fromkeys(one.kind for one in self.predictors if one.is_network))

    def _compared(self, j: int) -> dict[str, Measure]:
        """Return the mean of score j over each kind, networks beside the best baseline."""
        kinds, networks = group_by_kind(self.predictors), self._networks()
        measures = {kind: self._measure(kind, places, j) for kind, places in kinds.items()}
        baselines = [one for kind, one in measures.items() if kind not in networks]
        beside = against_baselines([measures[kind] for kind in networks], baselines)
        return measures | dict(zip(networks, beside, strict=True))

    def standings(self) -> Iterator[tuple[dict[str, str], Standing]]:
        """Yield how each kind of predictor stands beside the best one, for each key score."""
        for j, (score, name) in enumerate(SCORES.items()):
            if score in KEYS:
                for kind, one in standings(self._compared(j)).items():
                    yield {"dataset": self.dataset, "score": name, "method": kind}, one

    def _measure(self, kind: str, places: Sequence[int], j: int) -> Measure:
        """Return the mean of score j over the predictors of a kind."""
        score, name = [*SCORES.items()][j]
        low, high = (float(end) for end in self.of_kinds[kind][:, j])
        method = "jackknife" if len(places) == 1 else f"jackknife, {len(places)} seeds"
        is_error = score in ("mae", "rmse")
        return Measure(
            float(self.scores[places, j].mean()),
            name=name,
            interval=None if np.isnan(low) else Interval(low, high, self.confidence, method),
            unit=self.quantity.unit if is_error else "",
            model=kind,
            dataset=self.dataset,
            better="lower" if is_error else "higher",
            ceiling=0.0 if is_error else 1.0,
            key=score in KEYS and kind in (self._networks() or [one.kind for one in self.predictors]),
            n=self.units.count,
            units=self.units.words,
            judged=self.judged[kind][j],
        )

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
        if self.units.count < FEW:
            yield (
                f"the {len(self.truth)} examples of '{self.dataset}' come from {self.units}: intervals "
                f"from fewer than {FEW} are unreliable"
            )


def judge_dataset(
    examples: Examples, predictors: Sequence[Predictor], by: str | list[str] | None, confidence: float
) -> Judgement:
    """Judge all predictors on the same examples.

    Raises:
        ValueError: y is not the quantity that a predictor predicts, or `by` names no column.
    """
    truth = truth_of(examples)
    predictions = np.stack([one.answer(examples) for one in predictors])
    units, kinds = independent_units(examples, by), group_by_kind(predictors)

    replicates = leave_out(lambda chosen: judge(predictions[:, chosen], truth[chosen]), units.of)
    low, high = student_interval(replicates.spread(NEARLY_NORMAL), confidence, NEARLY_NORMAL)
    of_kinds = {
        kind: student_interval(replicates.mean(places, NEARLY_NORMAL), confidence, NEARLY_NORMAL)
        for kind, places in kinds.items()
    }
    values, digest = recurring_values(truth), units_digest(units, examples)
    return Judgement(
        examples.name,
        _quantity(examples),
        examples.groups,
        units,
        truth,
        predictors,
        predictions,
        replicates.full,
        low,
        high,
        confidence,
        {kind: np.stack(ends) for kind, ends in of_kinds.items()},
        {
            kind: [judged_on(replicates.mean(places).of(j), digest) for j in range(len(SCORES))]
            for kind, places in kinds.items()
        },
        values,
        [judge_values(p, truth, values) if values is not None else [] for p in predictions],
    )


def _quantity(examples: Examples) -> Quantity:
    """Return what y measures, by its symbol where the simulator or the project gives one."""
    quantity = examples.quantity or Quantity("y")
    label = examples.origin.labels.get(quantity.name) if examples.origin is not None else None
    return quantity if label is None else replace(quantity, name=label.partition(" [")[0])


def _mean(values: Iterator[float]) -> float:
    """Return the mean of the values that are not NaN."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known))  # a truth whose values recur has one with two examples

"""Judge classifiers on one dataset: a confusion matrix for each kind of network, and scores with their intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labrun import Examples, Interval, Measure, TrainedModel
from labrun.kit.accuracy import accuracy_measure
from labrun.kit.comparison import against_baselines, judged_on, units_digest
from labrun.kit.intervals import fraction_interval, share_interval
from labrun.kit.methods import Method, check_names, group_by_kind
from labrun.kit.spread import leave_out_sums
from labrun.kit.units import Units, independent_units
from labrun_confusion_matrix.scores import confusion, macro_f1, units_of_classes

__all__ = ["Classifier", "Judgement", "classifiers", "judge"]

Classifier: TypeAlias = "Method[Examples, NDArray[np.int64]]"
"""Predicts the number of a class for each example, (examples,)."""

COLUMNS = ("dataset", "examples", "units", "errors", "accuracy", "low", "high", "macro F1")


@dataclass(frozen=True)
class Judgement:
    """Networks that differ in their seed alone, on one dataset of n examples."""

    dataset: str
    kind: str
    networks: Sequence[Classifier]
    counts: NDArray[np.int64]
    """(networks, classes, classes): examples by true and predicted class"""
    intervals: Sequence[Interval]
    """Interval of the accuracy of each network"""
    units: Units
    accuracy: Measure
    macro_f1: Measure
    """Means over the networks, beside the best baseline"""

    @property
    def total(self) -> NDArray[np.int64]:
        """Examples by true and predicted class, summed over the networks, (classes, classes)."""
        return self.counts.sum(axis=0)

    @property
    def accuracies(self) -> list[float]:
        """The accuracy of each network."""
        return [float(np.trace(one) / one.sum()) for one in self.counts]

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield a row of the table `scores` for each network."""
        for one, counts, accuracy, interval in zip(
            self.networks, self.counts, self.accuracies, self.intervals, strict=True
        ):
            yield one.columns(COLUMNS, "model") | {
                "dataset": self.dataset,
                "examples": int(counts.sum()),
                "units": self.units.count,
                "errors": int(counts.sum() - np.trace(counts)),
                "accuracy": accuracy,
                "low": interval.low,
                "high": interval.high,
                "macro F1": float(macro_f1(counts)),
            }

    def errors(self, classes: Sequence[str]) -> pd.DataFrame:
        """Return every confusion that happened, the most frequent first."""
        found = [(i, j) for i, j in np.argwhere(self.total) if i != j]
        rows = [{"true": classes[i], "predicted": classes[j], "examples": int(self.total[i, j])} for i, j in found]
        return pd.DataFrame(sorted(rows, key=lambda row: -row["examples"]))


def classifiers(models: Sequence[TrainedModel]) -> list[Classifier]:
    """Return the networks as methods.

    Raises:
        ValueError: two have the same name.
    """
    found: list[Classifier] = [Method(one.name, partial(_predicted, one), one) for one in models]
    check_names(found)
    return found


def _predicted(model: TrainedModel, examples: Examples) -> NDArray[np.int64]:
    return model.predict(examples).argmax(axis=-1)


def judge(
    methods: Sequence[Classifier],
    examples: Examples,
    by: str | list[str] | None,
    confidence: float,
    baselines: Sequence[Measure] = (),
    is_key: bool = False,
) -> list[Judgement]:
    """Return a judgement for each kind of network; `is_key` makes its accuracy a key result.

    `baselines` are accuracies on the same examples.
    """
    truth, units = examples.load_y(slice(None)), independent_units(examples, by)
    judged = [
        _judge(kind, [methods[place] for place in places], examples, truth, units, confidence, is_key)
        for kind, places in group_by_kind(methods).items()
    ]
    if baselines:
        beside = against_baselines([one.accuracy for one in judged], baselines)
        judged = [replace(one, accuracy=accuracy) for one, accuracy in zip(judged, beside, strict=True)]
    return judged


def _judge(
    kind: str,
    networks: Sequence[Classifier],
    examples: Examples,
    truth: NDArray[np.int64],
    units: Units,
    confidence: float,
    is_key: bool,
) -> Judgement:
    """Judge networks that differ in their seed alone."""
    classes = len(examples.classes or ())
    predicted = np.stack([one.answer(examples) for one in networks])
    right = [units.sums(one == truth) for one in predicted]
    counts = np.stack([confusion(truth, one, classes, units.of) for one in predicted], axis=1)
    f1 = leave_out_sums(macro_f1, counts)
    known: dict[str, Any] = {"model": kind, "dataset": examples.name, "better": "higher", "ceiling": 1.0}
    known |= {"n": units.count, "units": units.words}
    return Judgement(
        examples.name,
        kind,
        networks,
        counts.sum(axis=0),
        [share_interval(one, units.sizes, confidence) for one in right],
        units,
        accuracy_measure(examples, [*predicted], kind, confidence, units, key=is_key),
        Measure(
            float(f1.full.mean()),
            name="macro F1",
            interval=fraction_interval(f1, units_of_classes(counts[:, 0]), len(truth), confidence),
            judged=judged_on(f1.mean(), units_digest(units, examples)),
            **known,
        ),
    )

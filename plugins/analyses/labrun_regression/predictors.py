"""Who predicts: networks, and the methods of other analyses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from labrun import Examples, Findings, Quantity, TrainedModel, did_you_mean

__all__ = ["COLUMNS", "Predictor", "gather_predictors", "truth_of"]

COLUMNS = ("dataset", "example", "method", "prediction")
"""What a table of predictions of another analysis holds: the name of the dataset, the position of the example in it, who predicts, and the
prediction in the unit of the quantity."""


@dataclass(frozen=True)
class Predictor:
    """A network or a method. `predict` returns (examples,) float64, in the unit of the quantity."""

    name: str
    kind: str
    """What it shares with the networks that differ from it by their seed alone."""
    predict: Callable[[Examples], np.ndarray]
    is_network: bool = True
    variant: Mapping[str, Any] = field(default_factory=dict)
    """The values of its matrix."""


def gather_predictors(models: Sequence[TrainedModel], baselines: Sequence[Findings]) -> list[Predictor]:
    """All networks, and after them the methods of all baselines.

    Raises:
        ValueError: two have one name, or a baseline has no table of predictions.
    """
    found = [_network(model) for model in models]
    found += [method for baseline in baselines for method in _methods(baseline)]
    name, count = Counter(one.name for one in found).most_common(1)[0] if found else ("", 0)
    if count > 1:
        raise ValueError(
            f"{count} of what is judged are called '{name}': give every model and method a name of its own"
        )
    return found


def truth_of(examples: Examples) -> np.ndarray:
    """What is to be told, (examples,) float64, in the unit of the quantity.

    Raises:
        ValueError: it is no number, or not finite.
    """
    shape = examples.spec.y.shape
    if examples.classes is not None or np.prod(shape, dtype=int) != 1:
        answer = "a class" if examples.classes is not None else f"an array of shape {shape}"
        raise ValueError(f"regression judges how well a number is told; the y of '{examples.name}' is {answer}")
    y = examples.load_y(slice(None)).reshape(len(examples))
    truth = (examples.quantity or Quantity("y")).value(y)
    if not np.isfinite(truth).all():
        raise ValueError(f"the y of '{examples.name}' is not finite for {np.sum(~np.isfinite(truth))} of its examples")
    return truth


def _network(model: TrainedModel) -> Predictor:
    def predict(examples: Examples) -> np.ndarray:
        _check_quantities(model, examples)
        return _finite(model.estimates(examples), f"the model '{model.name}'", examples.name)

    return Predictor(model.name, model.kind, predict, variant=model.variant)


def _check_quantities(model: TrainedModel, examples: Examples) -> None:
    """A model that learned a logarithm can be judged on the number itself, but not on another number."""
    learned, asked = model.spec.quantity, examples.quantity
    if learned is not None and asked is not None:
        same = (learned.name, learned.unit) == (asked.name, asked.unit)
    else:
        same = all(one is None or one.scale == "linear" for one in (learned, asked))
    if not same:

        def words(one: Quantity | None) -> str:
            return f"'{one}' on a {one.scale} scale" if one else "a number without a name"

        raise ValueError(
            f"the model '{model.name}' learned {words(learned)}, the y of '{examples.name}' is {words(asked)}: judge it on the "
            "quantity that it learned"
        )


def _methods(baseline: Findings) -> Iterator[Predictor]:
    table = baseline.tables.get("predictions")
    if table is None:
        raise ValueError(
            f"a baseline must hold a table 'predictions' with the columns {', '.join(COLUMNS)}; the analysis given has the "
            f"tables {', '.join(baseline.tables) or '(none)'}"
        )
    for column in COLUMNS:
        if column not in table:
            hint = did_you_mean(column, map(str, table.columns))
            raise ValueError(f"the table 'predictions' of a baseline has no column '{column}'{hint}")
    for method, rows in table.groupby("method", sort=False):
        yield _method(str(method), rows)


def _method(name: str, rows: pd.DataFrame) -> Predictor:
    def predict(examples: Examples) -> np.ndarray:
        own = rows[rows["dataset"].astype(str) == examples.name].sort_values("example")
        if own.empty:
            known = ", ".join(f"'{dataset}'" for dataset in rows["dataset"].unique())
            raise ValueError(
                f"the method '{name}' has no predictions on '{examples.name}', but on {known}: run its analysis on the same datasets"
            )
        if not np.array_equal(own["example"], np.arange(len(examples))):
            raise ValueError(
                f"the method '{name}' must predict each of the {len(examples)} examples of '{examples.name}' once, numbered from 0; "
                f"its table has {len(own)} rows for {own['example'].nunique()} examples"
            )
        return _finite(own["prediction"].to_numpy(float), f"the method '{name}'", examples.name)

    return Predictor(name, name, predict, is_network=False)


def _finite(prediction: np.ndarray, who: str, dataset: str) -> np.ndarray:
    if lost := int(np.sum(~np.isfinite(prediction))):
        raise ValueError(
            f"{who} predicts NaN or infinity for {lost} of the {len(prediction)} examples of '{dataset}': its training "
            "diverged, or its input is not finite; leave it out or train it anew"
        )
    return prediction

"""Networks and baselines that predict a number, under one name each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from labrun.kit.methods import Method, check_names
from labrun.kit.predictions import Predictions, expect_finite, true_values

if TYPE_CHECKING:
    from labrun import Examples, Findings, Quantity, TrainedModel

__all__ = ["Predictor", "gather_predictors", "truth_of"]

Predictor: TypeAlias = "Method[Examples, np.ndarray]"
"""Predicts a number for each example, (examples,) float64, in the unit of the quantity."""


def gather_predictors(models: Sequence[TrainedModel], baselines: Sequence[Findings]) -> list[Predictor]:
    """Return all networks, then the methods of all baselines.

    Raises:
        ValueError: two have the same name, or a baseline has no table of predictions.
    """
    found = [Method(model.name, partial(_estimate, model), model) for model in models]
    for predictions in map(Predictions.read, baselines):
        found += [Method(name, partial(predictions.of, name)) for name in predictions.methods]
    check_names(found)
    return found


def truth_of(examples: Examples) -> np.ndarray:
    """Return the true numbers, (examples,) float64, in the unit of the quantity.

    Raises:
        ValueError: y is not a number, or not finite.
    """
    shape = examples.spec.y.shape
    if examples.classes is not None or np.prod(shape, dtype=int) != 1:
        found = "a class" if examples.classes is not None else f"an array of shape {shape}"
        raise ValueError(f"regression judges predictions of a number, but the y of '{examples.name}' is {found}")
    truth = true_values(examples).reshape(len(examples)).astype(float)
    if not np.isfinite(truth).all():
        raise ValueError(f"the y of '{examples.name}' is not finite for {np.sum(~np.isfinite(truth))} of its examples")
    return truth


def _estimate(model: TrainedModel, examples: Examples) -> np.ndarray:
    _check_quantities(model, examples)
    return expect_finite(model.estimates(examples), f"the model '{model.name}'", examples.name)


def _check_quantities(model: TrainedModel, examples: Examples) -> None:
    """Check that the model learned this quantity. One that learned its logarithm may be judged on the number itself."""
    learned, asked = model.spec.quantity, examples.quantity
    if learned is not None and asked is not None:
        same = (learned.name, learned.unit) == (asked.name, asked.unit)
    else:
        same = all(one is None or one.scale == "linear" for one in (learned, asked))
    if not same:

        def words(one: Quantity | None) -> str:
            return f"'{one}' on a {one.scale} scale" if one else "a number without a name"

        raise ValueError(
            f"the model '{model.name}' learned {words(learned)}, but the y of '{examples.name}' is {words(asked)}: judge it on the "
            "quantity that it learned"
        )

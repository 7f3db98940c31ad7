"""The best epoch of a training: by a loss or by a metric, and never one without a number."""

from __future__ import annotations

import math

import pytest

from labrun.faults import LabrunError
from labrun.learning.history import History


def history(name: str, *values: float) -> History:
    return History([{"epoch": i + 1, name: value} for i, value in enumerate(values)])


@pytest.mark.parametrize(
    ("name", "values", "best"),
    [
        ("val_loss", (3, 1, 2), 2),
        ("val_accuracy", (3, 1, 2), 1),
        ("root_mean_squared_error", (3, 1, 1), 2),
        ("val_mae", (1, 1, 1), 1),
        ("auc", (math.nan, 0.5, 0.7, math.nan), 3),
        ("val_loss", (math.nan, 2.0, math.nan), 2),
        ("val_loss", (math.inf, math.nan), 1),
        ("auc", (math.nan, math.nan), None),
        ("auc", (), None),
    ],
)
def test_best_epoch(name, values, best):
    found = history(name, *values)
    assert found.best_epoch(name) == best
    assert found.epochs_since_best(name) == len(values) - (best or 0)


def test_a_number_that_is_not_reported():
    with pytest.raises(LabrunError, match=r"fit\.monitor names 'val_f1', but the training reports epoch, loss"):
        history("loss", 1.0).best_epoch("val_f1")

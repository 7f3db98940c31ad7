from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from labrun import Examples, Findings, Quantity
from labrun.kit.predictions import Predictions, expect_finite, predict_pictures, rounded, true_values

RATE = Quantity("rate", "1/s", "log2")


def numbers(count=3, name="test", quantity=None, classes=None) -> Examples:
    y = np.arange(count) % 2 if classes else np.arange(count, dtype=float)
    return Examples(
        lambda i: i[:, None], lambda i: y[i], np.arange(count), quantity=quantity, classes=classes, name=name
    )


def test_what_was_gathered_is_read_back():
    test, other = numbers(3), numbers(2, "other")
    found = Predictions.gather(
        [(test, "ridge", np.array([3.0, 2.0, 1.0])), (test, "mean", np.zeros(3)), (other, "ridge", np.ones(2))]
    )
    assert found.table.columns.tolist() == ["dataset", "example", "method", "prediction"]
    read = Predictions.read(Findings(tables={"predictions": found.table.sample(frac=1, random_state=1)}))
    assert sorted(read.methods) == ["mean", "ridge"]
    assert read.of("ridge", test).tolist() == [3, 2, 1]
    assert read.of("ridge", other).tolist() == [1, 1]


def test_classes_are_written_by_name():
    table = Predictions.gather([(numbers(classes=["a", "b"]), "forest", np.array([1, 1, 0]))]).table
    assert table["prediction"].tolist() == ["b", "b", "a"]


def test_numbers_keep_seven_digits():
    assert rounded([1 / 3, 123456789.0, 0.0]) == [0.3333333, 123456800.0, 0.0]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, r"must hold a table 'predictions' with the columns dataset, .*; .* has the tables \(none\)"),
        ({"dataset": [1], "example": [1], "methods": [1]}, "has no column 'method': did you mean 'methods'?"),
    ],
)
def test_findings_without_predictions_are_refused(table, message):
    with pytest.raises(ValueError, match=message):
        Predictions.read(Findings(tables={} if table is None else {"predictions": pd.DataFrame(table)}))


def test_the_truth_is_in_the_unit_of_the_quantity():
    assert true_values(numbers(quantity=RATE)).tolist() == [1, 2, 4]
    assert true_values(numbers()).tolist() == [0, 1, 2]
    assert true_values(numbers(classes=["a", "b"])).tolist() == [0, 1, 0]


def test_predictions_are_finite():
    assert expect_finite(np.ones((2, 3)), "it", "test").shape == (2, 3)
    spoilt = np.ones((4, 3))
    spoilt[1], spoilt[2, 0] = np.nan, np.inf
    with pytest.raises(ValueError, match="the model 'net' predicts NaN or infinity for 2 of the 4 examples of 'test'"):
        expect_finite(spoilt, "the model 'net'", "test")


def test_pictures_have_the_shape_that_is_asked_for():
    model = SimpleNamespace(name="net", predict=lambda some: np.ones((len(some), 4, 5, 1), np.float32))
    found = predict_pictures(model, numbers(), (4, 5, 1))
    assert (found.shape, found.dtype) == ((3, 4, 5, 1), np.float64)
    message = r"'net' predicts arrays of shape \(4, 5, 1\) for .* 'test'; expected pictures of shape \(4, 5\)"
    with pytest.raises(ValueError, match=message):
        predict_pictures(model, numbers(), (4, 5))

"""Which number of an analysis stands in the last lines of a run."""

import pytest

from labrun.records.key_results import KeyResult, _key


@pytest.mark.parametrize(
    ("metrics", "result"),
    [
        ({"members": 9, "accuracy": 0.9, "accuracy, low": 0.8, "accuracy, high": 1.0}, ("accuracy", 0.9, 0.8, 1.0)),
        ({"members": 9, "r": 0.99, "error": 0.1}, ("r", 0.99, None, None)),
        ({"members": 9, "accuracy": 1.0}, ("accuracy", 1.0, None, None)),
        ({"r": 0.5, "accuracy": 0.9, "accuracy, low": 0.8, "accuracy, high": 1.0}, ("accuracy", 0.9, 0.8, 1.0)),
        ({"members": 9, "cells": 12}, None),
        ({}, None),
    ],
)
def test_key_result(metrics, result):
    found = _key("analyses.a", {name: float(value) for name, value in metrics.items()})
    assert found == ([KeyResult("analyses.a", *result)] if result else [])

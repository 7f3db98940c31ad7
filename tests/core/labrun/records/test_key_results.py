"""Which number of an analysis without key measures stands in the last lines of a run."""

import pytest

from labrun import Interval
from labrun.records.key_results import _measure, _telling

LOW_HIGH = {"accuracy, low": 0.8, "accuracy, high": 1.0}


@pytest.mark.parametrize(
    ("metrics", "first"),
    [
        ({"members": 9.0, "accuracy": 0.9, **LOW_HIGH}, "accuracy"),
        ({"members": 9.0, "r": 0.99, "error": 0.1}, "r"),
        ({"members": 9.0, "accuracy": 1.0}, "accuracy"),
        ({"r": 0.5, "accuracy": 0.9, **LOW_HIGH}, "accuracy"),
        ({"members": 9.0, "cells": 12.0}, None),
        ({}, None),
    ],
)
def test_the_first_number_that_says_something(metrics, first):
    assert next(iter(_telling(metrics)), None) == first


def test_low_and_high_are_the_interval_of_a_plain_number():
    assert _measure("accuracy", {"accuracy": 0.9, **LOW_HIGH}).interval == Interval(0.8, 1.0)
    assert _measure("r", {"r": 0.9}).interval is None

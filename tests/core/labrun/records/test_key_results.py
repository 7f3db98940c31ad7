"""Which numbers of an analysis stand in the last lines of a run, and first in its report."""

import pytest

from labrun import Interval, Measure
from labrun.records.key_results import key_measures, measures_of

LOW_HIGH = {"accuracy, low": 0.8, "accuracy, high": 1.0}


@pytest.mark.parametrize(
    ("metrics", "first"),
    [
        ({"members": 9.0, "accuracy": 0.9, **LOW_HIGH}, ["accuracy"]),
        ({"members": 9.0, "r": 0.99, "error": 0.1}, ["r"]),
        ({"members": 9.0, "accuracy": 1.0}, ["accuracy"]),
        ({"r": 0.5, "accuracy": 0.9, **LOW_HIGH}, ["accuracy"]),
        ({"r": 0.5, "a": Measure(1.0, key=True), "b": Measure(2.0, key=True)}, ["a", "b"]),
        ({"members": 9.0, "cells": 12.0}, []),
        ({}, []),
    ],
)
def test_the_numbers_that_say_something(metrics, first):
    assert list(key_measures(measures_of(metrics))) == first


def test_low_and_high_are_the_interval_of_a_plain_number():
    found = measures_of({"accuracy": 0.9, **LOW_HIGH, "r": 0.9, "pressure, low": 3.0})
    assert found["accuracy"].interval == Interval(0.8, 1.0)
    assert found["r"].interval is None
    assert list(found) == ["accuracy", "r", "pressure, low"]

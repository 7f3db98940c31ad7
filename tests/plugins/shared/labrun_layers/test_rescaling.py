from __future__ import annotations

import keras
import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from labrun_layers.rescaling import Range, apply_ranges


class Settings(BaseModel):
    ranges: list[Range]


def network(count, ranges):
    x = keras.Input((count,))
    return keras.Model(x, apply_ranges(x, ranges))


def test_each_input_is_brought_to_minus_one_to_one():
    found = network(2, [(0, 40), (-5, 5)]).predict_on_batch(np.array([[0, -5], [20, 0], [40, 2.5]], np.float32))
    np.testing.assert_allclose(found, [[-1, -1], [0, 0], [1, 0.5]], atol=1e-6)


def test_one_range_is_for_all():
    found = network(3, [(0, 255)]).predict_on_batch(np.array([[0, 127.5, 255]], np.float32))
    np.testing.assert_allclose(found, [[-1, 0, 1]], atol=1e-6)


def test_neither_one_nor_as_many_as_inputs():
    with pytest.raises(ValueError, match="'ranges' has 2 ranges for 3 inputs: give one for each, or one for all"):
        network(3, [(0, 1), (0, 1)])


def test_low_is_below_high():
    with pytest.raises(ValidationError, match=r"a range is \[low, high\] with low below high; found \[1, 1\]"):
        Settings(ranges=[(0, 1), (1, 1)])

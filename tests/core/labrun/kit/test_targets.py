"""Values as targets: classes in ascending order, numbers as they are, logarithms."""

from __future__ import annotations

import numpy as np
import pytest

from labrun.kit.targets import make_target


def test_classes_are_the_values_in_their_order():
    target = make_target([7.5, 7, 13, 7], "redshift", "class")
    assert target.classes == ["7", "7.5", "13"]
    assert target.y.tolist() == [1, 0, 2, 0]
    assert (target.y.dtype, target.quantity) == (np.int64, None)
    assert make_target(["b", "a"], "kind", "class").classes == ["a", "b"]
    assert make_target([7.50001, 7.50002], "z", "class").classes == ["7.50001", "7.50002"]


def test_numbers_and_logarithms_have_a_quantity():
    linear, log = (make_target([1.0, 8.0], "rate", scale, "1/s") for scale in ("linear", "log"))
    assert (linear.y.tolist(), log.y.tolist()) == ([1, 8], [0, 3])
    assert (str(linear.quantity), log.quantity.value(log.y).tolist()) == ("rate [1/s]", [1, 8])
    assert linear.y.dtype == np.float32


@pytest.mark.parametrize(
    ("values", "scale", "message"),
    [
        (["a"], "linear", "'rate' holds texts: use 'scale: class' to make them classes"),
        ([0.5, 0.0], "log", "'rate' holds 0, which has no logarithm: use 'scale: linear' to take values as they are"),
    ],
)
def test_what_is_no_number(values, scale, message):
    with pytest.raises(ValueError, match=message):
        make_target(values, "rate", scale)

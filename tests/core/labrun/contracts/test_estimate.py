"""Estimates of durations add up and pass."""

from labrun.contracts.estimate import Estimate


def test_estimates_add_up():
    assert Estimate(1, 0, 2) + Estimate(3, 2, 5) == Estimate(4, 2, 7)
    assert Estimate(1, 0.5, 2) * 4 == Estimate(4, 2, 8)
    assert Estimate(10, 8, 12).within(2) == Estimate(10, 4, 24)


def test_what_is_left_is_never_negative():
    assert Estimate(10, 5, 30).after(7) == Estimate(3, 0, 23)

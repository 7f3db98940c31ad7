from __future__ import annotations

import numpy as np
import pytest

from labrun.kit.bootstrap import bootstrap_interval


def test_interval_is_that_of_the_binomial_where_every_member_has_one_example():
    correct = np.arange(1000) < 900
    low, high = bootstrap_interval(
        lambda chosen: correct[chosen].mean(), np.arange(1000), 0.95, 4000, np.random.default_rng(0)
    )
    deviation = 1.96 * np.sqrt(0.9 * 0.1 / 1000)
    assert low == pytest.approx(0.9 - deviation, abs=0.004)
    assert high == pytest.approx(0.9 + deviation, abs=0.004)


def test_examples_of_one_member_do_not_count_as_independent(rng):
    """50 numbers, each 20 times: the standard error is that of 50."""
    values = np.repeat(rng.normal(size=50), 20)
    shuffled = rng.permutation(1000)
    members = np.repeat(np.arange(50) * 7 - 3, 20)[shuffled]
    low, high = bootstrap_interval(lambda chosen: values[shuffled][chosen].mean(), members, 0.95, 4000, rng)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(50), rel=0.1)


def test_several_statistics_are_bounded_at_once(rng):
    values = rng.normal(size=200)
    low, high = bootstrap_interval(
        lambda chosen: [values[chosen].mean(), values[chosen].std()], np.arange(200), 0.9, 500, rng
    )
    assert low.shape == high.shape == (2,)
    assert low[0] < values.mean() < high[0]
    assert low[1] < values.std() < high[1]

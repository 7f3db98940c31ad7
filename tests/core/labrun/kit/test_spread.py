from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kurtosis

from labrun.kit.spread import BLOCKS, leave_out, leave_out_sums


def mean(sums):
    return sums[..., 0] / sums[..., 1]


def of_examples(values):
    """Sums of one example a unit, for several seeds: (units, seeds, 2)."""
    return np.stack([values, np.ones(values.shape)], axis=-1).swapaxes(0, 1)


def test_both_ways_of_leaving_out_agree(rng):
    values, units = rng.normal(0, 1, 60), np.arange(60) // 4
    by_index = leave_out(lambda chosen: values[chosen].mean(), units)
    sums = np.stack([np.bincount(units, values), np.bincount(units)], axis=-1)
    by_sums = leave_out_sums(mean, sums)
    np.testing.assert_allclose(by_index.full, by_sums.full)
    np.testing.assert_allclose(by_index.without, by_sums.without)


def test_many_units_are_left_out_in_blocks(rng):
    values = rng.normal(0, 1, 5000)
    calls = []

    def statistic(chosen):
        calls.append(len(chosen))
        return values[chosen].mean()

    spread = leave_out(statistic, np.arange(5000)).spread()
    assert len(calls) == 1 + BLOCKS
    assert set(calls[1:]) == {4950}
    assert spread.variance == pytest.approx(1 / 5000, rel=0.4)
    assert leave_out_sums(mean, of_examples(values[None])).spread().variance == pytest.approx(spread.variance)


def test_degrees_of_freedom_follow_from_the_kurtosis(rng):
    values = rng.exponential(1, 25)
    spread = leave_out(lambda chosen: values[chosen].mean(), np.arange(25)).spread()
    excess = kurtosis(values, bias=False)
    assert excess > 0
    assert spread.freedom == pytest.approx(2 / (2 / 24 + excess / 25))


def test_the_variance_over_seeds_and_units_is_that_of_the_mean(rng):
    """Scores of seed s on unit u are a_s + b_u + e_su: the variance of their mean is σ_a² / S + σ_b² / U + σ_e² / SU."""
    seeds, units, found = 5, 40, []
    for _ in range(300):
        parts = 0.1 * rng.normal(0, 1, (seeds, 1)), 0.5 * rng.normal(0, 1, (1, units)), rng.normal(0, 1, (seeds, units))
        found.append(leave_out_sums(mean, of_examples(sum(parts))).mean())
    expected = 0.1**2 / seeds + 0.5**2 / units + 1 / (seeds * units)
    assert np.mean([one.variance for one in found]) == pytest.approx(expected, rel=0.1)
    assert np.std([one.value for one in found]) == pytest.approx(expected**0.5, rel=0.15)


def test_few_seeds_that_differ_alone_have_their_degrees_of_freedom():
    """Units are alike: the variance is that of the seeds, with one degree of freedom less than seeds."""
    values = np.array([[1.0], [2.0], [4.0]]) + np.zeros((3, 10))
    spread = leave_out_sums(mean, of_examples(values)).mean()
    assert spread.variance == pytest.approx(np.var([1, 2, 4], ddof=1) / 3)
    assert spread.freedom == pytest.approx(2)


def test_a_difference_varies_as_the_paired_differences_do(rng):
    one = rng.normal(0, 1, 30)
    other = one + rng.normal(0.3, 0.1, 30)
    spreads = [leave_out(lambda chosen, v=v: v[chosen].mean(), np.arange(30)).spread() for v in (other, one)]
    found = spreads[0] - spreads[1]
    assert found.value == pytest.approx((other - one).mean())
    assert found.variance == pytest.approx((other - one).var(ddof=1) / 30)

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, t

from labrun import Interval
from labrun.kit.intervals import (
    BLOCKS,
    LOGARITHMIC,
    LOGISTIC,
    SKEWNESS,
    add_seeds,
    jackknife_interval,
    score_interval,
    share_interval,
)

# --- shares -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("right", "total"), [(6, 6), (0, 6), (5, 6), (40, 50), (1, 1)])
@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_units_that_are_right_or_wrong_have_wilson_s_interval(right, total, confidence):
    found = share_interval([1] * right + [0] * (total - right), [1] * total, confidence)
    expected = binomtest(right, total).proportion_ci(confidence, method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert (found.confidence, found.method) == (confidence, "Wilson")


def test_examples_of_a_unit_that_are_all_right_or_all_wrong_count_once():
    assert share_interval([9, 0, 9], [9] * 3, 0.95) == share_interval([1, 0, 1], [1] * 3, 0.95)


def test_units_of_different_size_count_as_fewer():
    """(Σ n)² / Σ n² = 100 / 58 of three units."""
    even, uneven = share_interval([4, 4, 4], [4] * 3, 0.95), share_interval([7, 3, 0], [7, 3, 0], 0.95)
    assert uneven.low == pytest.approx((100 / 58) / (100 / 58 + 1.959964**2), abs=1e-6)
    assert uneven.low < even.low


def test_correlated_examples_make_an_interval_wider():
    """80 of 100 examples are right in 20 units: evenly, or in some units all and in others none but one."""
    spread = share_interval([4] * 20, [5] * 20, 0.95)
    clustered = share_interval([5] * 15 + [1] * 5, [5] * 20, 0.95)
    independent = binomtest(80, 100).proportion_ci(method="wilson")
    of_units = share_interval([1] * 16 + [0] * 4, [1] * 20, 0.95)
    widths = [one.high - one.low for one in (independent, spread, clustered, of_units)]
    assert widths == sorted(widths)
    assert widths[0] == pytest.approx(widths[1], rel=0.1)
    assert widths[2] > 1.5 * widths[1]


def test_an_interval_holds_its_share_and_stays_within_bounds(rng):
    for _ in range(30):
        total = rng.integers(0, 9, 7) + np.eye(7, dtype=int)[0]
        right = rng.binomial(total, rng.beta(2, 0.3, 7))
        found = share_interval(right, total, 0.95)
        assert 0 <= found.low <= right.sum() / total.sum() <= found.high <= 1
        assert found.low < found.high


def test_counts_may_be_means_over_networks():
    found = share_interval([2.5, 3, 1.5], [3, 3, 3], 0.95)
    assert found.low < 7 / 9 < found.high


def test_a_share_of_nothing_is_refused():
    with pytest.raises(ValueError, match="a share of nothing has no interval"):
        share_interval([0, 0], [0, 0], 0.95)


# --- scores -----------------------------------------------------------------------------------------------------------------


def test_the_jackknife_of_a_mean_is_student_s_interval(rng):
    """The mean over units has the variance s² / m; it is multiplied by 1 + 2 / m."""
    values = rng.normal(3, 2, 12)
    units = np.repeat(np.arange(12), 5)
    low, high = jackknife_interval(lambda chosen: values[units[chosen]].mean(), units, 0.9)
    reach = t.ppf(0.95, 11) * values.std(ddof=1) / np.sqrt(12) * np.sqrt(1 + SKEWNESS / 12)
    assert (low, high) == pytest.approx((values.mean() - reach, values.mean() + reach))


def test_on_a_logarithmic_scale_the_ends_have_equal_ratios(rng):
    values = rng.exponential(1, 9)
    found = score_interval(lambda chosen: values[chosen].mean(), np.arange(9), 0.95, LOGARITHMIC)
    assert found is not None
    assert found.low * found.high == pytest.approx(values.mean() ** 2)
    assert found.low > 0
    share = score_interval(lambda chosen: (values[chosen] < 2).mean() * 0.9, np.arange(9), 0.95, LOGISTIC)
    assert share is None or 0 < share.low < share.high < 1


def test_scores_of_several_methods_keep_their_shape(rng):
    values = rng.normal(0, 1, (3, 2, 40))
    low, high = jackknife_interval(lambda chosen: values[..., chosen].mean(axis=-1), np.arange(40) // 4, 0.95)
    assert low.shape == high.shape == (3, 2)
    assert (low < values.mean(axis=-1)).all()
    assert (high > values.mean(axis=-1)).all()


def test_a_perfect_score_and_a_single_unit_have_no_interval():
    perfect = np.ones(20)
    assert score_interval(lambda chosen: perfect[chosen].mean(), np.arange(20), 0.95) is None
    assert score_interval(lambda chosen: 0.0 * chosen.mean(), np.arange(20), 0.95, LOGARITHMIC) is None
    assert score_interval(lambda chosen: chosen.mean(), np.zeros(20), 0.95) is None


def test_many_units_are_left_out_in_blocks(rng):
    calls = []
    values = rng.normal(0, 1, 5000)

    def mean(chosen):
        calls.append(len(chosen))
        return values[chosen].mean()

    low, high = jackknife_interval(mean, np.arange(5000), 0.95)
    assert len(calls) == 1 + BLOCKS
    assert set(calls[1:]) == {4950}
    assert (high - low) / 2 == pytest.approx(1.96 / np.sqrt(5000), rel=0.25)


# --- seeds ------------------------------------------------------------------------------------------------------------------


def test_seeds_that_agree_leave_the_interval_as_it_is():
    interval = Interval(0.4, 0.6, 0.95, "Wilson")
    assert add_seeds(interval, [0.5], 30) == interval
    found = add_seeds(interval, [0.5, 0.5, 0.5], 30)
    assert (found.low, found.high) == pytest.approx((0.4, 0.6))
    assert found.method == "Wilson, 3 seeds"


def test_seeds_that_differ_widen_it_by_their_variance():
    """Both variances add up: t(63) √(0.05² + 0.03²), where the seeds' alone is their own over their number."""
    units = 31
    member = 0.05 * t.ppf(0.975, units - 1)
    values = 0.5 + 0.03 * np.sqrt(10 * 9 / 10) * np.array([-1, 1] * 5)
    found = add_seeds(Interval(0.5 - member, 0.5 + member), values.tolist(), units)
    total = 0.05**2 + 0.03**2
    freedom = total**2 / (0.05**4 / 30 + 0.03**4 / 9)
    assert found.high - 0.5 == pytest.approx(t.ppf(0.975, freedom) * np.sqrt(total))
    assert found.low == pytest.approx(1 - found.high)

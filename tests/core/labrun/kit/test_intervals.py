from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, t

from labrun.kit.intervals import LOGARITHMIC, fraction_interval, jackknife_interval, score_interval, share_interval
from labrun.kit.spread import leave_out_sums

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


def test_a_unit_that_holds_all_errors_does_not_count_for_less_than_one_example():
    """Of 20 units one is half wrong: the interval is no wider than if it were all wrong, by more than its place."""
    half, whole = share_interval([10] * 19 + [5], [10] * 20, 0.95), share_interval([10] * 19 + [0], [10] * 20, 0.95)
    assert half.low > whole.low - 0.05
    assert half.low < share_interval([10] * 10 + [9.5] * 10, [10] * 20, 0.95).low


def test_the_ends_are_those_of_as_many_independent_examples_on_the_logit_scale():
    """The variance is s² / m, and n* = p q / v (z / t)² lies between the number of units and that of examples."""
    found = share_interval([40, 30, 30, 20] * 3, [40] * 12, 0.95)
    variance = np.var([1, 0.75, 0.75, 0.5] * 3, ddof=1) / 12
    count = 0.75 * 0.25 / variance * (1.959964 / t.ppf(0.975, 11)) ** 2
    right, wrong = count * 0.75 + 0.5, count * 0.25 + 0.5
    reach = 1.959964 * np.sqrt(1 / right + 1 / wrong)
    ends = 1 / (1 + wrong / right * np.exp([reach, -reach]))
    assert (found.low, found.high) == pytest.approx(tuple(ends), abs=1e-6)
    assert found.method == "jackknife, logit"


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
    """The mean over units has the variance s² / m; these are no more spread at their ends than normal numbers."""
    values = rng.permutation(np.linspace(0, 1, 12))
    units = np.repeat(np.arange(12), 5)
    low, high = jackknife_interval(lambda chosen: values[units[chosen]].mean(), units, 0.9)
    reach = t.ppf(0.95, 11) * values.std(ddof=1) / np.sqrt(12)
    assert (low, high) == pytest.approx((values.mean() - reach, values.mean() + reach))


def test_a_variance_that_one_unit_makes_has_about_two_degrees_of_freedom():
    values = np.eye(30)[0]
    low, high = jackknife_interval(lambda chosen: values[chosen].mean(), np.arange(30), 0.95)
    assert (high - low) / 2 == pytest.approx(t.ppf(0.975, 2 / (2 / 29 + 1)) / 30, rel=1e-6)


def test_on_a_logarithmic_scale_the_ends_have_equal_ratios(rng):
    values = rng.exponential(1, 9)
    found = score_interval(lambda chosen: values[chosen].mean(), np.arange(9), 0.95, LOGARITHMIC)
    assert found is not None
    assert found.low * found.high == pytest.approx(values.mean() ** 2)
    assert found.low > 0


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


def test_a_fraction_has_the_interval_of_a_share_with_its_variance():
    right, total = np.array([4, 3, 3, 2, 1, 4.0]), np.full(6, 4.0)
    sums = np.stack([right, total], axis=-1)[:, None]
    found = fraction_interval(leave_out_sums(lambda s: s[..., 0] / s[..., 1], sums), 6, 24, 0.95)
    assert found == share_interval(right, total, 0.95)
    sums[:, :, 0] = 4
    perfect = fraction_interval(leave_out_sums(lambda s: s[..., 0] / s[..., 1], sums), 6, 24, 0.95)
    assert perfect == share_interval(total, total, 0.95)


# --- seeds ------------------------------------------------------------------------------------------------------------------


def test_seeds_that_agree_leave_the_interval_as_it_is():
    right = np.array([4, 3, 3, 2, 1, 4])
    found = share_interval([right] * 3, [4] * 6, 0.95)
    alone = share_interval(right, [4] * 6, 0.95)
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high))
    assert found.method == "jackknife, logit, 3 seeds"


def test_seeds_that_differ_on_all_units_alike_widen_it():
    right = np.array([[9, 8, 8, 7, 6, 9]] * 3)
    narrow, wide = (share_interval(right - step * np.array([[-1], [0], [1]]), [10] * 6, 0.95) for step in (0, 1))
    assert wide.low < narrow.low - 0.05
    assert wide.high > narrow.high

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from labrun_regression.scores import is_constant, judge, judge_values, recurring_values


@pytest.fixture
def answers(rng):
    truth = rng.choice([0.016, 0.034, 0.073, 0.157, 0.34], 300)
    return truth, np.stack([truth * 2 ** rng.normal(0, 0.3, 300), 0.2 - truth + rng.normal(0, 0.02, 300)])


def test_scores_are_those_of_scipy_and_scikit_learn(answers):
    truth, predictions = answers
    for found, p in zip(judge(predictions, truth), predictions, strict=True):
        expected = [
            pearsonr(p, truth).statistic,
            mean_absolute_error(truth, p),
            r2_score(truth, p),
            root_mean_squared_error(truth, p),
        ]
        assert found.tolist() == pytest.approx(expected)
    assert judge(predictions, truth)[1, 0] < -0.9


def test_a_constant_prediction_has_no_correlation_and_r2_as_it_is(answers):
    truth, _ = answers
    constant = np.full((1, 300), 0.11) * (1 + 1e-8 * np.arange(300) / 300)  # but for rounding
    r, mae, r2, _ = judge(constant, truth)[0]
    assert is_constant(constant).tolist() == [True]
    assert r == 0.0
    assert mae == pytest.approx(np.abs(truth - 0.11).mean())
    assert r2 == pytest.approx(r2_score(truth, np.full(300, 0.11)))
    assert r2 < 0


@pytest.mark.parametrize(("prediction", "expected"), [([0.1, 0.1, 0.1], 1.0), ([0.1, 0.2, 0.3], 0.0)])
def test_a_constant_truth_is_not_told_by_rounding(prediction, expected):
    """The mean of 0.1, 0.1, 0.1 is not 0.1: R² would be −10³² (in scikit-learn it is; at 0.5, without rounding, it is ours)."""
    r, _, r2, _ = judge(np.array([prediction]), np.full(3, 0.1))[0]
    assert (r, r2) == (0.0, expected)
    assert r2_score(np.full(3, 0.5), np.array(prediction) + 0.4) == expected


def test_zeros_are_constant_and_small_numbers_are_not():
    assert is_constant(np.array([[0.0, 0.0], [0.0, 1e-9], [1e-9, 1.1e-9]])).tolist() == [True, False, False]


def test_numbers_at_each_value_are_those_of_a_plain_count(answers):
    truth, (prediction, _) = answers
    found = judge_values(prediction, truth, recurring_values(truth))
    groups = pd.DataFrame({"t": truth, "p": prediction}).groupby("t")["p"]
    for row, (value, own) in zip(found, groups, strict=True):
        spread = own.std(ddof=0)
        hits = [1 for p in own if abs(p - value) <= spread]
        assert row["truth"] == value
        assert row["examples"] == len(own)
        assert row["mean"] == pytest.approx(own.mean())
        assert row["bias"] == pytest.approx(own.mean() - value)
        assert row["spread"] == pytest.approx(spread)
        assert row["mae"] == pytest.approx((own - value).abs().mean())
        assert row["overlap"] == pytest.approx(len(hits) / len(own))


@pytest.mark.parametrize(("bias", "share"), [(0.0, 0.6827), (1.0, 0.4772), (-2.0, 0.1573)])
def test_overlap_of_normal_errors(rng, bias, share):
    """P(|z + bias| ≤ 1) for a normal z."""
    (row,) = judge_values(5 + bias + rng.standard_normal(40_000), np.full(40_000, 5.0), np.array([5.0]))
    assert row["overlap"] == pytest.approx(share, abs=0.01)


def test_a_single_example_has_no_spread_and_a_dead_network_none():
    single, dead = judge_values(np.array([0.2, 0.3, 0.3]), np.array([1.0, 2.0, 2.0]), np.array([1.0, 2.0]))
    assert np.isnan([single["spread"], single["overlap"]]).all()
    assert (dead["spread"], dead["overlap"]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("truth", "count"), [(np.repeat(np.arange(30), 2), 30), (np.repeat(np.arange(31), 5), None), (np.arange(6), None)]
)
def test_values_are_judged_by_themselves_if_they_are_few_and_recur(truth, count):
    found = recurring_values(truth.astype(float))
    assert (None if found is None else len(found)) == count

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score

from labrun_confusion_matrix.scores import confusion, interval, macro_f1


@pytest.fixture
def answers():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 5, 400)
    predicted = np.where(rng.random(400) < 0.7, truth, rng.integers(0, 5, 400))
    return truth, predicted


def test_counts_and_f1_are_those_of_scikit_learn(answers):
    counts = confusion(*answers, 5)
    np.testing.assert_array_equal(counts, confusion_matrix(*answers))
    assert macro_f1(counts) == pytest.approx(f1_score(*answers, average="macro"))


def test_a_class_that_is_neither_there_nor_predicted_does_not_count():
    assert macro_f1(np.diag([3, 0, 2])) == 1.0


def test_interval_is_that_of_the_binomial_where_every_member_has_one_example():
    correct = np.arange(1000) < 900
    low, high = interval(correct, np.arange(1000), 0.95, 4000, np.random.default_rng(0))
    deviation = 1.96 * np.sqrt(0.9 * 0.1 / 1000)
    assert low == pytest.approx(0.9 - deviation, abs=0.004)
    assert high == pytest.approx(0.9 + deviation, abs=0.004)


def test_examples_of_one_member_do_not_count_as_independent():
    rng = np.random.default_rng(0)
    correct = np.repeat(rng.random(50) < 0.8, 20)
    members = np.repeat(np.arange(50), 20)
    low, high = interval(correct, members, 0.95, 2000, rng)
    alone_low, alone_high = interval(correct, np.arange(1000), 0.95, 2000, rng)
    assert (high - low) > 3 * (alone_high - alone_low)

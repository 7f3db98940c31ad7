from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score

from labrun_confusion_matrix.scores import confusion, macro_f1, units_of_classes


@pytest.fixture
def answers():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 5, 400)
    predicted = np.where(rng.random(400) < 0.7, truth, rng.integers(0, 5, 400))
    return truth, predicted


def test_counts_and_f1_are_those_of_scikit_learn(answers):
    counts = confusion(*answers, 5, np.arange(400) // 100)
    assert counts.shape == (4, 5, 5)
    np.testing.assert_array_equal(counts[0], confusion_matrix(*(one[:100] for one in answers)))
    np.testing.assert_array_equal(counts.sum(axis=0), confusion_matrix(*answers))
    assert macro_f1(counts.sum(axis=0)) == pytest.approx(f1_score(*answers, average="macro"))


def test_a_class_that_is_neither_there_nor_predicted_does_not_count():
    assert macro_f1(np.diag([3, 0, 2])) == 1.0


def test_a_mean_over_classes_counts_the_units_that_hold_them():
    """Two classes in one unit each and one in four: 9 / (1 + 1 + 1/4) of six units; all six where each holds all classes."""
    counts = np.zeros((6, 3, 3), int)
    counts[range(6), [0, 1, 2, 2, 2, 2], [0, 1, 2, 2, 2, 2]] = 5
    assert units_of_classes(counts) == pytest.approx(9 / 2.25)
    assert units_of_classes(counts.sum(axis=0, keepdims=True).repeat(6, axis=0)) == 6

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score

from labrun_confusion_matrix.scores import confusion, macro_f1


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

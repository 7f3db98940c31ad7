from __future__ import annotations

import numpy as np
import pytest

from labrun_calibration.scores import negative_log_likelihood, probabilities_of
from labrun_calibration.temperature import BOUNDS, fit_temperature


@pytest.fixture
def answers(rng):
    logits = 2 * rng.standard_normal((20_000, 4))
    truth = (probabilities_of(logits).cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    return logits, truth


@pytest.mark.parametrize("factor", [1 / 3, 1.0, 3.0])
def test_logits_that_are_too_large_by_a_factor_have_it_as_their_temperature(answers, factor):
    logits, truth = answers
    found = fit_temperature(factor * logits, truth)
    assert found.value == pytest.approx(factor, rel=0.03)
    assert found.remark == ""


def test_no_temperature_near_it_is_likelier(answers):
    logits, truth = answers
    best = fit_temperature(logits, truth).value
    least = negative_log_likelihood(logits, truth, best)
    assert all(negative_log_likelihood(logits, truth, best * f) > least for f in (0.9, 0.99, 1.01, 1.1))


@pytest.mark.parametrize("size", [0.2, 2.0])
def test_a_network_that_is_never_wrong_is_as_sure_as_laplace(size):
    """Of three examples, all right, Laplace's rule expects 4/5: e^(a/T) / (e^(a/T) + 2) = 4/5."""
    found = fit_temperature(np.eye(3) * size, np.arange(3))
    assert found.value == pytest.approx(size / np.log(8), rel=1e-4)
    assert found.remark == (
        f"all 3 examples are right, so no errors determine the temperature: {found.value:.3g} follows from Laplace's rule, by which the "
        "next example is right with a probability of 0.800"
    )


def test_label_smoothing_is_undone_where_all_is_right():
    """A network trained to say 0.9 of 15 classes, right on 120 examples, is sure to 121/122."""
    classes, n = 15, 120
    logits = np.log(np.full((n, classes), 0.1 / (classes - 1)))
    truth = np.arange(n) % classes
    logits[np.arange(n), truth] = np.log(0.9)
    found = fit_temperature(logits, truth)
    assert found.value < 1
    assert probabilities_of(logits, found.value).max(axis=1) == pytest.approx((n + 1) / (n + 2), abs=1e-4)


def test_answers_that_have_nothing_to_do_with_the_truth_are_told(rng):
    found = fit_temperature(rng.standard_normal((500, 3)), rng.integers(0, 3, 500))
    worst = fit_temperature(np.array([[1.0, 0.0]] * 3 + [[0.0, 1.0]]), np.array([1, 1, 0, 0]))
    assert found.value > 3
    assert worst.value == pytest.approx(BOUNDS[1], rel=1e-3)
    assert worst.remark == "the temperature 20 is at the end of the range"

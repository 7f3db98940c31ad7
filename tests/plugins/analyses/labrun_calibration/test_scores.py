from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from labrun_calibration.scores import (
    NAMES,
    brier_scores,
    error_by_chance,
    negative_log_likelihood,
    probabilities_of,
    reliability,
    scores,
)


@pytest.fixture
def answers(rng):
    """Logits of 5 classes and, by the probabilities that they mean, the class that came: perfectly calibrated."""
    logits = 2 * rng.standard_normal((4000, 5))
    truth = (probabilities_of(logits).cumsum(axis=1) < rng.random((4000, 1))).sum(axis=1)
    return logits, truth


def expected_error_by_hand(probabilities, truth, bins):
    total = 0.0
    for m in range(bins):
        inside = [p for p in range(len(truth)) if m / bins < probabilities[p].max() <= (m + 1) / bins]
        if inside:
            confidence = np.mean([probabilities[p].max() for p in inside])
            accuracy = np.mean([probabilities[p].argmax() == truth[p] for p in inside])
            total += len(inside) / len(truth) * abs(accuracy - confidence)
    return total


@pytest.mark.parametrize("bins", [1, 7, 15])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_expected_error_is_that_of_a_plain_loop(answers, bins, temperature):
    probabilities, truth = probabilities_of(answers[0], temperature), answers[1]
    found = reliability(probabilities, truth, bins).expected_error
    assert found == pytest.approx(expected_error_by_hand(probabilities, truth, bins), abs=1e-12)


def test_the_right_probabilities_have_an_error_within_that_of_sampling(answers):
    """A bin of n examples errs by √(p (1 − p) / n) √(2/π) on the average."""
    found = reliability(probabilities_of(answers[0]), answers[1], 15)
    p, counts = found.probability[found.counts > 0], found.counts[found.counts > 0]
    chance = np.average(np.sqrt(p * (1 - p) / counts * 2 / np.pi), weights=counts)
    assert 0.3 * chance < found.expected_error < 2 * chance < 0.04
    assert reliability(probabilities_of(answers[0], 1 / 3), answers[1], 15).expected_error > 5 * found.expected_error


def test_curve_is_that_of_scikit_learn_for_two_classes(rng):
    """There a bin is for the probability of class 1; with all of them above ½ that is the probability of the prediction."""
    ahead = rng.uniform(0.5001, 0.9999, 1000)
    truth = (rng.random(1000) < ahead**2).astype(int)
    accuracy, confidence = calibration_curve(truth, ahead, n_bins=10)
    found = reliability(np.stack([1 - ahead, ahead], axis=1), truth, 10)
    np.testing.assert_allclose(found.accuracy[found.counts > 0], accuracy)
    np.testing.assert_allclose(found.probability[found.counts > 0], confidence)
    assert found.counts.sum() == 1000
    assert found.maximum_error == pytest.approx(np.abs(accuracy - confidence).max())


def test_likelihood_and_brier_score_are_those_of_scikit_learn(answers):
    logits, truth = answers
    probabilities = probabilities_of(logits, 1.7)
    assert negative_log_likelihood(logits, truth, 1.7) == pytest.approx(log_loss(truth, probabilities))
    assert brier_scores(probabilities, truth).mean() == pytest.approx(
        brier_score_loss(truth, probabilities, scale_by_half=False)
    )


def test_a_bound_belongs_to_the_bin_below_it():
    sure = np.array([[0.5, 0.5], [0.75, 0.25], [1.0, 0.0], [0.7501, 0.2499]])
    assert reliability(sure, np.zeros(4, int), 4).counts.tolist() == [0, 1, 1, 2]


def test_certainty_that_is_wrong_has_an_infinite_likelihood_in_no_sum_of_floats():
    logits = np.array([[1000.0, 0.0]], dtype=np.float32)
    found = scores(logits, np.array([1]), 1.0, 15)
    assert [found[name] for name in NAMES] == pytest.approx([1.0, 1.0, 1000.0, 2.0])
    assert found["accuracy"] == 0.0


def test_a_calibrated_classifier_has_its_error_by_chance(rng):
    """Labels drawn from the probabilities: the ECE is that by chance, though the true one is 0."""
    logits = 2 * rng.standard_normal((400, 3))
    probabilities = probabilities_of(logits)
    drawn = [(probabilities.cumsum(axis=1) < rng.random((400, 1))).sum(axis=1) for _ in range(50)]
    measured = np.mean([reliability(probabilities, truth, 15).expected_error for truth in drawn])
    assert error_by_chance(probabilities, 15, rng) == pytest.approx(measured, rel=0.1)

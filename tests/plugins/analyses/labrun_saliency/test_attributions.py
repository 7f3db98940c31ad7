from __future__ import annotations

import numpy as np
import pytest

from labrun_saliency.attributions import integrated_gradients, plain_gradient, smooth_gradient, weigh_cells

SHAPE = (5, 7, 2)


@pytest.fixture
def weights(rng):
    return rng.normal(size=SHAPE)


def test_of_a_linear_score_every_method_gives_the_weights(weights, rng):
    def gradients(points):
        return np.broadcast_to(weights, points.shape)

    x, baseline = rng.normal(size=SHAPE), rng.normal(size=SHAPE)
    np.testing.assert_allclose(plain_gradient(gradients, x), weights)
    np.testing.assert_allclose(smooth_gradient(gradients, x, 0.2, 5, rng), weights)
    np.testing.assert_allclose(integrated_gradients(gradients, x, baseline, 3), (x - baseline) * weights)


def test_integrated_gradients_are_complete(weights, rng):
    """S = tanh(w·x) + (w·x)³ / 6 has no midpoint that makes the rule exact: the error falls as 1 / steps²."""

    def score(x):
        s = 0.3 * (x * weights).sum(axis=(-3, -2, -1))
        return np.tanh(s) + s**3 / 6

    def gradients(points):
        s = 0.3 * (points * weights).sum(axis=(-3, -2, -1), keepdims=True)
        return 0.3 * weights * (1 - np.tanh(s) ** 2 + s**2 / 2)

    x, baseline = rng.normal(size=SHAPE), rng.normal(size=SHAPE)
    wanted = score(x) - score(baseline)
    errors = [
        abs(integrated_gradients(gradients, x, baseline, steps, batch_size=7).sum() - wanted) for steps in (40, 80, 160)
    ]
    assert errors[0] < 0.02 * abs(wanted)
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.05)


def test_integrated_gradients_of_a_square_are_known():
    """S = Σ x² from 0: the attribution is x² itself, which the midpoint rule finds exactly."""
    x = np.arange(12.0).reshape(3, 4)
    np.testing.assert_allclose(integrated_gradients(lambda p: 2 * p, x, np.zeros_like(x), 1), x**2)


def test_smoothgrad_without_noise_is_the_gradient(rng):
    x = rng.normal(size=SHAPE)
    np.testing.assert_allclose(smooth_gradient(np.sin, x, 0.0, 7, rng), plain_gradient(np.sin, x))


def test_smoothgrad_averages_over_a_gaussian_of_a_share_of_the_range():
    """The mean of sin(x + σξ) is exp(−σ²/2) sin x."""
    x = np.linspace(0, 2, 20).reshape(4, 5)
    found = smooth_gradient(np.sin, x, 0.25, 20_000, np.random.default_rng(0), batch_size=1000)
    np.testing.assert_allclose(found, np.exp(-(0.5**2) / 2) * np.sin(x), atol=0.015)


def test_smoothgrad_is_the_same_for_any_size_of_batches(rng):
    x = rng.normal(size=SHAPE)
    one, other = (smooth_gradient(np.sin, x, 0.3, 10, np.random.default_rng(4), size) for size in (3, 64))
    np.testing.assert_allclose(one, other, rtol=1e-12)


def test_weights_of_cells_add_up_the_frames_whatever_their_sign():
    attribution = np.zeros(SHAPE)
    attribution[1, 2] = [3.0, -4.0]
    weights = weigh_cells(attribution, 0.0, periodic=True)
    assert weights.shape == SHAPE[:2]
    assert weights[1, 2] == weights.sum() == 7.0


@pytest.mark.parametrize("periodic", [True, False])
def test_blur_goes_over_the_edges_of_a_periodic_pattern_only(periodic):
    corner = np.zeros((16, 24))
    corner[0, 0] = 1.0
    weights = weigh_cells(corner, 2.0, periodic)
    assert weights.sum() == pytest.approx(1.0)
    assert (weights[-1, -1] > 1e-3) == periodic
    if periodic:
        middle = weigh_cells(np.roll(corner, (8, 12), axis=(0, 1)), 2.0, periodic)
        np.testing.assert_allclose(np.roll(weights, (8, 12), axis=(0, 1)), middle)

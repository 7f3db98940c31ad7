from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from labrun_inpainting.kriging import Kriging
from labrun_microscopy import Microscopy

SHAPE = (9, 13)


@pytest.fixture
def pictures(rng):
    """Three pictures with ξ = 1.2, σ = 40, μ = 120, and where they are known: 70 %, one with a hole."""
    z = (
        120
        + gaussian_filter(40 * rng.standard_normal((3, *SHAPE)), (0, 1.2, 1.2))
        + 0.5 * rng.standard_normal((3, *SHAPE))
    )
    known = rng.random(z.shape) > 0.3
    known[1, 2:7, 3:9] = False
    return z, known


def covariance(shape, correlation_length, deviation, nugget):
    """By pushing each pixel's noise through the blur of SciPy, in two dimensions."""
    pixels = shape[0] * shape[1]
    blur = np.stack([gaussian_filter(one.reshape(shape), correlation_length).ravel() for one in np.eye(pixels)], axis=1)
    return deviation**2 * blur @ blur.T + nugget * np.eye(pixels)


def test_it_is_the_usual_dense_solution(pictures):
    """Σ_mk Σ_kk⁻¹ (z_k − μ) + μ, with matrices of pixels × pixels."""
    z, known = pictures
    sigma = covariance(SHAPE, 1.2, 40, 0.25)
    found = Kriging(SHAPE, 1.2, 40, 0.25, 120)(np.where(known, z, 0), known)
    for picture, mask, answer in zip(z, known, found, strict=True):
        k, m = mask.ravel(), ~mask.ravel()
        expected = 120 + sigma[np.ix_(m, k)] @ np.linalg.solve(sigma[np.ix_(k, k)], picture[mask] - 120)
        np.testing.assert_allclose(answer[~mask], expected, atol=1e-3)
        np.testing.assert_array_equal(answer[mask], picture[mask])


def test_one_missing_pixel_of_two_is_told_by_its_correlation():
    """Two pixels in a row; ξ so short that the blur's weights are 1, a and its mirror: ρ = cov/var by hand."""
    correlation_length, deviation, nugget, mean = 0.4, 10.0, 2.0, 100.0
    a, b = np.exp(-1 / (2 * 0.16)), np.exp(-4 / (2 * 0.16))
    norm = 1 + 2 * a + 2 * b
    # r = ⌊4ξ + 1/2⌋ = 2; mirrored, b a | z a' | …: pixel 0 sees (b a) of pixels (1 0), itself, and (a b) of (1, 1)
    own, other = (1 + a + 0) / norm, (a + 2 * b) / norm
    variance, shared = deviation**2 * (own**2 + other**2) + nugget, deviation**2 * 2 * own * other
    found = Kriging((1, 2), correlation_length, deviation, nugget, mean)(
        np.array([[[130.0, 0.0]]]), np.array([[[True, False]]])
    )
    # along the axis of one pixel the blur changes nothing: all its weights fall on that pixel
    assert found[0, 0, 1] == pytest.approx(mean + shared / variance * 30, rel=1e-6)


def test_nothing_to_tell_and_nothing_near(rng):
    z = rng.normal(100, 10, (2, *SHAPE))
    known = np.ones(z.shape, bool)
    known[1] = False
    known[1, 0, 0] = True
    found = Kriging(SHAPE, 1.0, 40, 0.1, 90)(z, known)
    np.testing.assert_array_equal(found[0], z[0])
    assert found[1, -1, -1] == pytest.approx(90, abs=1e-3)


def test_its_error_is_that_which_theory_gives(rng):
    """For one mask and many fields: the mean of the conditional variances, Σ_mm − Σ_mk Σ_kk⁻¹ Σ_km."""
    sigma = covariance(SHAPE, 1.0, 50, 1 / 12)
    known = np.tile(rng.random(SHAPE) > 0.2, (1500, 1, 1))
    z = 128 + rng.multivariate_normal(np.zeros(len(sigma)), sigma, 1500, method="cholesky").reshape(-1, *SHAPE)
    errors = (Kriging(SHAPE, 1.0, 50, 1 / 12, 128)(np.where(known, z, 0), known) - z)[~known]
    k, m = known[0].ravel(), ~known[0].ravel()
    left = sigma[np.ix_(m, m)] - sigma[np.ix_(m, k)] @ np.linalg.solve(sigma[np.ix_(k, k)], sigma[np.ix_(k, m)])
    assert np.mean(errors**2) == pytest.approx(np.trace(left) / m.sum(), rel=0.05)
    assert abs(errors.mean()) < 0.05


def test_its_covariance_is_that_of_the_simulator():
    """`Microscopy.covariance` gives the same from the other side, the variance of clipped noise included."""
    simulator = Microscopy(size=SHAPE, correlation_length=1.3, deviation=30)
    rows, columns = simulator.covariance()
    predictor = Kriging(SHAPE, 1.3, np.sqrt(simulator.noise_moments()[1]), 1 / 12, 128)
    pixels = np.eye(SHAPE[0] * SHAPE[1]).reshape(-1, *SHAPE)
    precision = predictor._apply_precision(pixels).reshape(len(pixels), -1)
    whole = np.kron(rows, columns) + np.eye(len(pixels)) / 12
    np.testing.assert_allclose(precision @ whole, np.eye(len(pixels)), atol=1e-7)


@pytest.mark.parametrize("factor", [0.7, 1.4])
def test_no_other_correlation_length_does_better_on_the_simulator_s_pictures(rng, factor):
    """With 20 images of 30 × 40 pixels; the known covariance is the best, within what chance allows."""
    arrays = Microscopy(images=20, size=(30, 40)).simulate(rng)
    truth, observed, known = arrays["truth"].astype(float), arrays["observed"].astype(float), arrays["mask"] == 1

    def rmse(correlation_length):
        predicted = Kriging((30, 40), correlation_length, 49.5, 1 / 12, 128)(observed, known)
        return np.sqrt(np.mean((predicted - truth)[~known] ** 2))

    assert rmse(1.0) < rmse(factor)
    assert rmse(1.0) < 1.6


def test_what_is_not_solved_is_explained(pictures, monkeypatch):
    z, known = pictures
    monkeypatch.setattr("labrun_inpainting.kriging.MAX_STEPS", 2)
    with pytest.raises(ValueError, match=r"kriging is not solved after 2 steps: .* Raise 'nugget' or lower"):
        Kriging(SHAPE, 2.0, 40, 1e-9, 120)(z, known)

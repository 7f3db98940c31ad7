"""The process: scikit-learn's predictions where it looks at all rows, and close to them where it looks at the nearest."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from labrun import Asked
from labrun_kriging.batch import choose_batch
from labrun_kriging.process import NEIGHBOURS, Process


def wave(points: np.ndarray) -> np.ndarray:
    return np.sin(4 * points[:, 0]) + points[:, 1] ** 2


def asked(rows: int, in_work: int = 0) -> Asked:
    points = np.random.default_rng(1).random((rows, 2))
    values = 5 + 2 * wave(points)
    values[rows - in_work :] = np.nan
    return Asked(points, values, np.full(rows, np.nan))


def exact(process: Process, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard error by all rows."""
    kernel = ConstantKernel(process.amplitude, "fixed") * Matern(process.lengths, "fixed", nu=2.5)
    kernel += WhiteKernel(process.noise, "fixed")
    whole = GaussianProcessRegressor(kernel, alpha=1e-8 * process.amplitude, optimizer=None)
    whole.fit(process.points, process.values)
    mean, error = whole.predict(places, return_std=True)
    variance = np.maximum(error**2 - process.noise, 0)  # the error of the surface, without the noise of a new row
    return process.centre + process.scale * mean, process.scale * np.sqrt(variance)


def test_with_few_rows_it_is_scikit_learns():
    process = Process.fitted(asked(NEIGHBOURS - 2), np.random.default_rng(0))
    places = np.random.default_rng(2).random((40, 2))
    for found, wanted in zip(process.predict(places), exact(process, places), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=2e-4, atol=2e-4)


def test_with_many_rows_the_nearest_suffice():
    process = Process.fitted(asked(300), np.random.default_rng(0))
    places = np.random.default_rng(2).random((200, 2))
    assert np.abs(process.predict(places)[0] - 5 - 2 * wave(places)).max() < 0.02
    np.testing.assert_allclose(process.predict(places)[0], exact(process, places)[0], atol=5e-3)


def test_it_knows_its_rows_and_the_rows_in_work():
    process = Process.fitted(asked(40, in_work=5), np.random.default_rng(0))
    mean, error = process.predict(process.points[:35])
    np.testing.assert_allclose(mean, asked(40).values[:35], atol=0.02)
    assert process.predict(process.points[35:])[1].max() < 0.05  # in work: believed
    assert error.max() < process.predict(np.array([[3.0, 3.0]]))[1][0]


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_few_rows_and_equal_values(rows):
    points = np.random.default_rng(3).random((rows, 2))
    process = Process.fitted(Asked(points, np.ones(rows), np.full(rows, np.nan)), np.random.default_rng(0))
    mean, error = process.predict(np.array([[0.5, 0.5]]))
    assert mean == pytest.approx(1.0)
    assert error[0] > 0


def test_a_batch_is_spread():
    """Each choice lowers the error around it, so no two are neighbours."""
    process = Process.fitted(asked(30), np.random.default_rng(0))
    candidates = np.random.default_rng(4).random((2000, 2))
    choice = choose_batch(process, candidates, 8, lambda process, places, mean, error: error)
    chosen = candidates[choice.rows]
    distances = np.linalg.norm(chosen[:, None] - chosen[None], axis=-1) + 9 * np.eye(8)
    assert distances.min() > 0.05
    assert (np.diff(choice.scores) < 1e-9).all()

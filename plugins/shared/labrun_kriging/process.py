"""A Gaussian process that looks at the nearest rows of each place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from labrun import Asked

__all__ = ["Process"]

NEIGHBOURS = 32
"""Rows that a prediction rests on: more hardly change it, since nearer rows screen them."""

FITTED = 200
"""Rows by which lengths, amplitude and noise are fitted, which takes the third power of their number."""

AT_ONCE = 2048
"""Places that are predicted at once."""


@dataclass(frozen=True)
class Process:
    """A Gaussian process with a Matérn covariance of order 5/2,

        k(r) = a (1 + √5 r + 5 r² / 3) exp(−√5 r),    r² = Σ_i (x_i − x'_i)² / ℓ_i²,

    and noise of variance n at each row. A prediction at a place rests on the 32 nearest rows (in units of ℓ), so it costs the same however
    many rows there are (R. B. Gramacy and D. W. Apley, J. Comput. Graph. Stat. 24, 561 (2015), with the nearest rows as the local design).
    """

    points: np.ndarray
    """(rows, coordinates), dimensionless"""
    values: np.ndarray
    """(rows,), in units of `scale`, from `centre` on"""
    lengths: np.ndarray
    """ℓ, (coordinates,), dimensionless"""
    amplitude: float
    """a, in units of `scale` squared"""
    noise: float
    """n, in units of `scale` squared"""
    centre: float
    scale: float

    @classmethod
    def fitted(cls, asked: Asked, rng: np.random.Generator) -> Process:
        """Fit lengths, amplitude and noise to the rows with values by maximum likelihood (scikit-learn); to a random part of many rows.

        Rows in work count with the values that are predicted there, so that their places are taken.
        """
        points, values = asked.points[asked.known], asked.values[asked.known]
        centre, scale = float(values.mean()), float(values.std()) or 1.0
        standard = (values - centre) / scale
        part = rng.permutation(len(values))[:FITTED]
        lengths, amplitude, noise = _hyperparameters(points[part], standard[part])
        process = cls(points, standard, lengths, amplitude, noise, centre, scale)
        in_work = asked.points[~asked.known]
        return process.believing(in_work) if len(in_work) else process

    def predict(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the expected value at each place and its standard error, (places,) each, in the unit of the values."""
        return self.predict_within(places)[:2]

    def predict_within(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what `predict` does, and how far the rows lie that each prediction rests on, (places,) [ℓ]: a further row at a greater
        distance does not change it. Infinite if it rests on all rows, and a further one would be added."""
        near = min(NEIGHBOURS, len(self.values))
        tree = cKDTree(self.points / self.lengths)
        distances, neighbours = tree.query(places / self.lengths, k=np.arange(1, near + 1))
        within = distances[:, -1] if near == NEIGHBOURS else np.full(len(places), np.inf)
        mean, variance = np.empty(len(places)), np.empty(len(places))
        for start in range(0, len(places), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            mean[part], variance[part] = self._predict(places[part], neighbours[part])
        return self.centre + self.scale * mean, self.scale * np.sqrt(np.maximum(variance, 0.0)), within

    def _predict(self, places: np.ndarray, neighbours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = self.points[neighbours]
        covariance = self._covariance(rows[:, :, None] - rows[:, None])
        covariance += (self.noise + 1e-8 * self.amplitude) * np.eye(neighbours.shape[1])
        to_rows = self._covariance(rows - places[:, None])
        both = np.stack([to_rows, self.values[neighbours]], axis=-1)
        weights = np.linalg.solve(covariance, both)
        explained = np.einsum("ij,ijk->ik", to_rows, weights)
        return explained[:, 1], self.amplitude - explained[:, 0]

    def _covariance(self, difference: np.ndarray) -> np.ndarray:
        root = np.sqrt(5.0) * np.linalg.norm(difference / self.lengths, axis=-1)
        return self.amplitude * (1 + root + root**2 / 3) * np.exp(-root)

    def believing(self, places: np.ndarray) -> Process:
        """Return the process as if the predicted values had been found at these places: a "kriging believer" (D. Ginsbourger, R. Le Riche
        and L. Carraro, in Computational Intelligence in Expensive Optimization Problems, Springer (2010), p. 131)."""
        found = (self.predict(places)[0] - self.centre) / self.scale
        return replace(self, points=np.vstack([self.points, places]), values=np.append(self.values, found))


def _hyperparameters(points: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Return lengths, amplitude and noise of the greatest likelihood; plain guesses for fewer than four rows."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    coordinates = points.shape[1]
    if len(values) < 4 or not values.any():
        return np.full(coordinates, 0.3), 1.0, 1e-4
    kernel = ConstantKernel(1.0, (1e-2, 1e3)) * Matern(np.full(coordinates, 0.3), (0.02, 20.0), nu=2.5)
    kernel += WhiteKernel(1e-3, (1e-8, 1.0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a bound is a sensible answer
        fitted = GaussianProcessRegressor(kernel, alpha=1e-10).fit(points, values).kernel_
    lengths = np.broadcast_to(fitted.k1.k2.length_scale, coordinates).astype(float)
    return lengths, float(fitted.k1.k1.constant_value), float(fitted.k2.noise_level)

"""The best linear predictor of missing pixels, with a known covariance (simple kriging, D. G. Krige 1951).

A picture is z = μ + A_h n A_wᵀ + ε: white noise n of variance σ², blurred along both axes by the matrix A of a Gaussian of width ξ that is
mirrored at the edges, and noise ε of variance ν, the nugget, in each pixel by itself. So its covariance is

    Σ = σ² R ⊗ C + ν 1,        R = A_h A_hᵀ,  C = A_w A_wᵀ.

With the precision Q = Σ⁻¹, cut into missing (m) and known (k) pixels, the best predictor is the z_m that solves

    Q_mm (z_m − μ) = −Q_mk (z_k − μ),

which equals the usual Σ_mk Σ_kk⁻¹ (z_k − μ) but has fewer unknowns (where fewer pixels are missing than known), and Q is the same for all
pictures, wherever their pixels are missing. No matrix of pixels × pixels is made: with R = U Λ Uᵀ and C = V M Vᵀ,
Q z = U [(Uᵀ z V) / (σ² λᵢ μⱼ + ν)] Vᵀ, and conjugate gradients (M. R. Hestenes and E. Stiefel 1952) solve for many pictures at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

__all__ = ["Kriging"]

PRECISION = 1e-6
"""Norm of the residual to which the equation is solved, relative to that of its right-hand side."""
MAX_STEPS = 20_000


class Kriging:
    """Predict missing pixels of pictures of one size.

    Args:
        shape: height and width [pixels].
        correlation_length: ξ [pixels].
        deviation: σ [grey levels].
        nugget: ν [grey levels²].
        mean: μ [grey levels].
    """

    def __init__(
        self, shape: tuple[int, ...], correlation_length: float, deviation: float, nugget: float, mean: float
    ) -> None:
        height, width = shape
        rows, self._down = np.linalg.eigh(_blurred_covariance(height, correlation_length))
        columns, self._across = np.linalg.eigh(_blurred_covariance(width, correlation_length))
        positive = np.outer(rows.clip(0), columns.clip(0))  # rounding makes some that vanish negative
        self._eigenvalues = deviation**2 * positive + nugget
        self._mean = mean

    def __call__(self, observed: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return pictures, (pictures, height, width) [grey levels], with missing pixels predicted and known ones as observed.

        Raises:
            ValueError: the equation is not solved, since the covariance is nearly singular.
        """
        centred = np.where(known, observed - self._mean, 0.0)
        found = self._solve(np.where(known, 0.0, -self._apply_precision(centred)), ~known)
        return np.where(known, observed, self._mean + found)

    def _apply_precision(self, pictures: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return Q z of each picture."""
        modes = self._down.T @ pictures @ self._across
        return self._down @ (modes / self._eigenvalues) @ self._across.T

    def _solve(self, right: NDArray[np.float64], missing: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the z that is 0 in known pixels and for which Q z equals `right` in missing ones."""
        z, residual = np.zeros_like(right), right.copy()
        direction, square = residual.copy(), _squares(residual)
        goal = PRECISION**2 * square
        for _ in range(MAX_STEPS):
            if (square <= goal).all():
                return z
            ahead = np.where(missing, self._apply_precision(direction), 0.0)
            step = _ratio(square, np.sum(direction * ahead, axis=(1, 2), keepdims=True))
            z += step * direction
            residual -= step * ahead
            before, square = square, _squares(residual)
            direction = residual + _ratio(square, before) * direction
        raise ValueError(
            f"kriging is not solved after {MAX_STEPS} steps: for pictures this smooth the covariance is nearly singular. Raise 'nugget' or "
            "lower 'correlation_length'"
        )


def _blurred_covariance(side: int, correlation_length: float) -> NDArray[np.float64]:
    """Return A Aᵀ of one axis, (side, side), for the blur of `scipy.ndimage.gaussian_filter`, with mirrored edges."""
    blur = gaussian_filter1d(np.eye(side), correlation_length, axis=0, mode="reflect")
    return blur @ blur.T


def _squares(pictures: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sum(pictures**2, axis=(1, 2), keepdims=True)


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide; 0 where a picture is solved to the last digit, or has no missing pixel."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)

"""Scores of a regression. Predictions p and truths t are in the unit of the quantity; sums and means go over the examples."""

from __future__ import annotations

import numpy as np

from labrun.kit.intervals import ScoreScale

__all__ = ["FEW", "NEARLY_NORMAL", "SCORES", "is_constant", "judge", "judge_values", "recurring_values"]

SCORES = {"r": "r", "mae": "MAE", "r2": "R²", "rmse": "RMSE"}
"""Columns of the table of scores, in the order of `judge`, with their names elsewhere."""
FEW = 30
"""With at most this many distinct true values, each is judged by itself."""
SAME = 1e-6
"""Predictions that differ by less than this share of the largest count as equal: networks compute in single precision."""


def judge(predictions: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return r, MAE, R² and RMSE of several predictions (k, n) of one truth (n,), as (k, 4).

        r = Σ (p − p̄)(t − t̄) / √(Σ (p − p̄)² Σ (t − t̄)²),   MAE = mean |p − t|,
        R² = 1 − Σ (p − t)² / Σ (t − t̄)²,   RMSE = √(mean (p − t)²)

    Where p or t is constant, r is undefined and set to 0. Where t is constant, R² is 1 if p = t and otherwise 0, as in scikit-learn.
    """
    error = predictions - truth
    squares = (error**2).mean(axis=-1)
    explained = 1 - squares / truth.var() if np.ptp(truth) > 0 else (squares == 0).astype(float)
    return np.stack([_pearson(predictions, truth), np.abs(error).mean(axis=-1), explained, np.sqrt(squares)], axis=-1)


def _pearson(predictions: np.ndarray, truth: np.ndarray) -> np.ndarray:
    p = predictions - predictions.mean(axis=-1, keepdims=True)
    t = truth - truth.mean()
    norm = np.sqrt((p**2).sum(axis=-1) * (t**2).sum())
    varies = ~is_constant(predictions) & ~is_constant(truth)
    return np.divide((p * t).sum(axis=-1), norm, out=np.zeros(len(norm)), where=varies)


def _forward(scores: np.ndarray) -> np.ndarray:
    """Return artanh r, ln MAE, ln(1 − R²) and ln RMSE of scores (…, 4)."""
    r, mae, r2, rmse = np.moveaxis(scores, -1, 0)
    return np.stack([np.arctanh(r), np.log(mae), np.log(1 - r2), np.log(rmse)], axis=-1)


def _backward(values: np.ndarray) -> np.ndarray:
    r, mae, r2, rmse = np.moveaxis(values, -1, 0)
    return np.stack([np.tanh(r), np.exp(mae), 1 - np.exp(r2), np.exp(rmse)], axis=-1)


NEARLY_NORMAL = ScoreScale(_forward, _backward)
"""Where the scores are nearly normal: Fisher's z, and logarithms of errors"""


def is_constant(values: np.ndarray) -> np.ndarray:
    """Check whether all values along the last axis are equal but for rounding."""
    return np.ptp(values, axis=-1) <= SAME * np.abs(values).max(axis=-1)


def recurring_values(truth: np.ndarray) -> np.ndarray | None:
    """Return the distinct values of a truth (n,), ascending, if there are at most 30, with two examples each on average; else None."""
    values = np.unique(truth)
    return values if len(values) <= FEW and len(truth) >= 2 * len(values) else None


def judge_values(prediction: np.ndarray, truth: np.ndarray, values: np.ndarray) -> list[dict[str, float]]:
    """Return, for each true value t, the number of its examples and these scores of their predictions p, with means over them:

        mean = p̄,   bias = p̄ − t,   spread = √(mean (p − p̄)²),   MAE = mean |p − t|,
        overlap = the share of p with |p − t| ≤ spread: 0.68 for normal errors without bias, less the more they are biased.

    Spread and overlap of a single example are NaN. `prediction` and `truth` are (n,).
    """
    rows = []
    for value in values:
        found = prediction[truth == value]
        error = np.abs(found - value)
        spread = np.nan if len(found) == 1 else 0.0 if np.ptp(found) == 0 else found.std()
        rows.append(
            {
                "truth": float(value),
                "examples": len(found),
                "mean": float(found.mean()),
                "bias": float(found.mean() - value),
                "spread": float(spread),
                "mae": float(error.mean()),
                "overlap": float((error <= spread).mean()) if len(found) > 1 else np.nan,
            }
        )
    return rows

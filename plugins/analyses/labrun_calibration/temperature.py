"""Temperature scaling: one number that makes probabilities right as often as they say."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from labrun_calibration.scores import negative_log_likelihood

__all__ = ["BOUNDS", "Temperature", "fit_temperature"]

BOUNDS = (0.05, 20.0)
"""Range of temperatures; logits 20 times too small or too large need more than calibration."""


@dataclass(frozen=True)
class Temperature:
    """T, by which logits are divided, and a remark on how it was found ("" if none is needed)."""

    value: float
    remark: str = ""


def fit_temperature(logits: np.ndarray, truth: np.ndarray) -> Temperature:
    """Return the T that minimizes the negative log-likelihood of softmax(z / T) (Guo et al. 2017, section 4.2).

    It is convex in 1/T, so it has one minimum. Where all examples are right it has none: the likelihood grows as T goes to 0, whatever the
    logits. T is then left at 1.
    """
    from scipy.optimize import minimize_scalar

    if (logits.argmax(axis=1) == truth).all():
        return Temperature(1.0, f"all {len(truth)} examples are right, so no temperature is best: it is left at 1")
    low, high = (math.log(bound) for bound in BOUNDS)
    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(logits, truth, math.exp(log_t)),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-6},
    )
    value = math.exp(found.x)
    if min(found.x - low, high - found.x) < 1e-3:
        return Temperature(value, f"the temperature {value:.3g} is at the end of the range")
    return Temperature(value)

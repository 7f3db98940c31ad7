"""Temperature scaling: one number that makes probabilities right as often as they say."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from labrun_calibration.scores import cross_entropy

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

    It is convex in 1/T, so it has one minimum. Where all n examples are right it has none: the likelihood grows as T goes to 0. T then
    follows from smoothed targets, (n + 1) / (n + 2) for the true class and the rest in equal parts for the others (J. Platt, in Advances in
    Large Margin Classifiers, 1999, section 2.2): by Laplace's rule, the next example is right with that probability.
    """
    from scipy.optimize import minimize_scalar

    n = len(truth)
    all_right = bool((logits.argmax(axis=1) == truth).all())
    doubt = 1 / (n + 2) if all_right else 0.0
    low, high = (math.log(bound) for bound in BOUNDS)
    found = minimize_scalar(
        lambda log_t: cross_entropy(logits, truth, math.exp(log_t), doubt),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-6},
    )
    value = math.exp(found.x)
    if min(found.x - low, high - found.x) < 1e-3:
        return Temperature(value, f"the temperature {value:.3g} is at the end of the range")
    if all_right:
        return Temperature(
            value,
            f"all {n} examples are right, so no errors determine the temperature: {value:.3g} follows from Laplace's rule, by which the "
            f"next example is right with a probability of {1 - doubt:.3f}",
        )
    return Temperature(value)

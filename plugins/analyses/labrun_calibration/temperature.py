"""Temperature scaling: one number that makes a network as sure as it is right."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from labrun_calibration.scores import negative_log_likelihood

__all__ = ["BOUNDS", "Temperature", "fit_temperature"]

BOUNDS = (0.05, 20.0)
"""Temperatures that are looked at; logits 20 times too small or too large are no matter of calibration."""


@dataclass(frozen=True)
class Temperature:
    """T, by which logits are divided, and what a reader must know of how it was found ("" if nothing)."""

    value: float
    remark: str = ""


def fit_temperature(logits: np.ndarray, truth: np.ndarray) -> Temperature:
    """The T that makes the negative log-likelihood of softmax(z / T) least (Guo et al. 2017, section 4.2).

    That likelihood is convex in 1/T, so it has one minimum. Where all examples are right it has none: the likelihood
    grows as T goes to 0, whatever the logits. T is then left at 1.
    """
    from scipy.optimize import minimize_scalar

    if (logits.argmax(axis=1) == truth).all():
        return Temperature(1.0, f"all {len(truth)} examples are right, which bounds no temperature: it is left at 1")
    low, high = (math.log(bound) for bound in BOUNDS)
    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(logits, truth, math.exp(log_t)),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-6},
    )
    value = math.exp(found.x)
    if min(found.x - low, high - found.x) < 1e-3:
        return Temperature(value, f"the temperature {value:.3g} is at the end of what is looked at")
    return Temperature(value)

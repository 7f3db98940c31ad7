"""Scores of predicted numbers, with their intervals over independent units."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from labrun import Examples, Measure
from labrun.kit.intervals import LOGARITHMIC, ScoreScale, score_interval
from labrun.kit.units import independent_units

__all__ = ["correlation", "measures"]

CONFIDENCE = 0.95
FISHER = ScoreScale(np.arctanh, np.tanh)


def correlation(truth: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    """Return Pearson's r; 0 where the truth, or what was found, is constant."""
    if np.ptp(truth) == 0 or np.ptp(found) == 0:
        return 0.0
    return float(np.corrcoef(truth, found)[0, 1])


def measures(
    examples: Examples, truth: NDArray[np.float64], found: NDArray[np.float64], method: str
) -> tuple[Measure, Measure]:
    """Return r and MAE."""
    units = independent_units(examples)

    def r(chosen: NDArray[np.int64]) -> float:
        return correlation(truth[chosen], found[chosen])

    def mae(chosen: NDArray[np.int64]) -> float:
        return float(np.abs(found[chosen] - truth[chosen]).mean())

    known: dict[str, Any] = {
        "model": method,
        "dataset": examples.name,
        "n": units.count,
        "units": units.words,
        "key": True,
    }
    everything = np.arange(len(truth))
    of_r = score_interval(r, units.of, CONFIDENCE, FISHER)
    of_mae = score_interval(mae, units.of, CONFIDENCE, LOGARITHMIC)
    unit = examples.quantity.unit if examples.quantity is not None else ""
    return (
        Measure(r(everything), name="r", interval=of_r, better="higher", ceiling=1.0, **known),
        Measure(mae(everything), name="MAE", interval=of_mae, unit=unit, better="lower", ceiling=0.0, **known),
    )

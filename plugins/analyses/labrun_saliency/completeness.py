"""Check that integrated gradients add up to the difference of the scores (Sundararajan et al. 2017, prop. 1)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

__all__ = ["NEGLIGIBLE", "add_up", "doubts"]

TOLERANCE = 0.01
"""Largest deviation, as a share of the sum of their absolute values"""
ROUNDING = 1e-5
"""Largest deviation, as a share of the scores, which are float32"""
NEGLIGIBLE = 0.01
"""Sum of their absolute values [scores] below which a map would show rounding errors"""


def add_up(attribution: np.ndarray, score: float, without: float) -> dict[str, float]:
    """Return the sums of an attribution, and the scores of the example and of the baseline."""
    return {
        "score": float(score),
        "score of baseline": float(without),
        "attributed": float(attribution.sum(dtype=float)),
        "absolute": float(np.abs(attribution).sum(dtype=float)),
    }


def doubts(table: pd.DataFrame) -> Iterator[str]:
    """Yield warnings about the examples of `table`, with the column `class` and those of `add_up`."""
    miss = (table["attributed"] - (table["score"] - table["score of baseline"])).abs()
    allowed = TOLERANCE * table["absolute"] + ROUNDING * (table["score"].abs() + table["score of baseline"].abs())
    if (miss > allowed).any():
        names = ", ".join(table["class"][miss > allowed])
        yield f"integrated gradients do not add up to the difference of the scores for {names}: increase 'steps'"
    like_baseline = table["class"][table["absolute"] < NEGLIGIBLE]
    if len(like_baseline):
        yield (
            f"the network hardly distinguishes the example of {', '.join(like_baseline)} from the baseline: the map of integrated "
            "gradients is left empty"
        )

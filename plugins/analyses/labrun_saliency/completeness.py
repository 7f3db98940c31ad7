"""Whether integrated gradients add up to the difference of the scores, as they should (Sundararajan et al. 2017, prop. 1)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

__all__ = ["NEGLIGIBLE", "add_up", "doubts"]

TOLERANCE = 0.01
"""Share of the sum of their absolute values by which they may miss it."""
ROUNDING = 1e-5
"""The same, as a share of the scores, which are float32."""
NEGLIGIBLE = 0.01
"""Sum of their absolute values [scores] below which a map would show rounding."""


def add_up(attribution: np.ndarray, score: float, without: float) -> dict[str, float]:
    """The sums of an attribution, beside the scores of the example and of the baseline."""
    return {
        "score": float(score),
        "score of baseline": float(without),
        "attributed": float(attribution.sum(dtype=float)),
        "absolute": float(np.abs(attribution).sum(dtype=float)),
    }


def doubts(table: pd.DataFrame) -> Iterator[str]:
    """What a reader must know of the examples of `table`: columns `class` and those of `add_up`."""
    miss = (table["attributed"] - (table["score"] - table["score of baseline"])).abs()
    allowed = TOLERANCE * table["absolute"] + ROUNDING * (table["score"].abs() + table["score of baseline"].abs())
    if (miss > allowed).any():
        names = ", ".join(table["class"][miss > allowed])
        yield f"integrated gradients miss the difference of the scores for {names}: take more 'steps'"
    like_baseline = table["class"][table["absolute"] < NEGLIGIBLE]
    if len(like_baseline):
        yield (
            f"to the network, the example of {', '.join(like_baseline)} is as good as the baseline: the map of integrated "
            "gradients is left empty"
        )

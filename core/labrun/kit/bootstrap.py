"""Bootstrap intervals of numbers that were measured on examples, several of which may come from one member."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["bootstrap_interval"]


def bootstrap_interval(
    statistic: Callable[[np.ndarray], Any],
    groups: np.ndarray,
    confidence: float,
    resamples: int,
    rng: np.random.Generator,
) -> tuple[Any, Any]:
    """Return the percentile bootstrap interval of a statistic: its lower and upper bound, each in the shape of the statistic.

    Whole groups are drawn with replacement, as many as there are, so examples of one member do not count as independent (B. Efron
    and R. J. Tibshirani, An Introduction to the Bootstrap (1993), ch. 8 and 13).

    Args:
        statistic: returns a number or an array for indices of examples, (n,) int64, some of which occur several times.
        groups: (examples,), the member of each example.
        confidence: probability with which the interval covers the true value.
        resamples: number of resamples.
    """
    import numpy as np

    _, group_of = np.unique(groups, return_inverse=True)
    members = np.split(np.argsort(group_of, kind="stable"), np.bincount(group_of).cumsum()[:-1])
    drawn = (rng.integers(0, len(members), len(members)) for _ in range(resamples))
    values = [statistic(np.concatenate([members[i] for i in chosen])) for chosen in drawn]
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail], axis=0)
    return low, high

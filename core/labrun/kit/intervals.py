"""Confidence intervals of scores that were measured on few independent units (members, parameter sets), with several examples each.

Coverage is measured by `benchmarks/interval_coverage.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from labrun.contracts.measure import Interval

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "LINEAR",
    "LOGARITHMIC",
    "LOGISTIC",
    "ScoreScale",
    "add_seeds",
    "jackknife_interval",
    "score_interval",
    "share_interval",
]

CORRELATIONS = 24
"""Correlations within a unit over which a share is averaged"""
PRIOR = 2 / 3
"""Both parameters of the beta prior of a share, between the uniform one and Jeffreys'"""
BLOCKS = 100
"""Blocks of units that the jackknife leaves out, at most"""
SKEWNESS = 2.0
"""The variance of a score is multiplied by 1 + SKEWNESS / units: from few units, that of a skewed score is underestimated."""


def share_interval(
    right: Sequence[float] | np.ndarray, total: Sequence[float] | np.ndarray, confidence: float
) -> Interval:
    """Return the interval of a share, Σ right / Σ total.

    Where each unit is all right or all wrong, units are counted: this is Wilson's interval (J. Am. Stat. Assoc. 22, 209 (1927)) with
    n = (Σ total)² / Σ total² units. So 6 right units of 6 give 0.61 to 1.

    Otherwise the examples of a unit are correlated, and N of them count as n(ρ) = N / (1 + (Σ total² / N − 1) ρ) (L. Kish, Survey Sampling
    (1965)). How strong the correlation ρ is follows from the beta-binomial likelihood of the counts; the interval holds the middle of
    beta distributions of n(ρ) examples, averaged over ρ with a prior ∝ √ρ. With few units, or few that hold an error, ρ is hardly
    known, and the interval is wide.

    Args:
        right: (units,), what is right in each unit.
        total: (units,), what there is in each; units without anything are left out.
        confidence: probability with which the interval covers the true share.

    Raises:
        ValueError: there is nothing in any unit.
    """
    import numpy as np

    right, total = np.asarray(right, float), np.asarray(total, float)
    right, total = right[total > 0], total[total > 0]
    if not len(total):
        raise ValueError("a share of nothing has no interval")
    share, design = right.sum() / total.sum(), (total**2).sum() / total.sum()
    if np.all((right == 0) | (right == total)):
        return _wilson(float(share), float(total.sum() / design), confidence)
    correlation = ((np.arange(CORRELATIONS) + 0.5) / CORRELATIONS) ** 2  # dense where most are
    weights = _likelihood(right, total, share, correlation) * correlation
    counts = total.sum() / (1 + max(design - 1, 0) * correlation)
    low, high = _mixture_quantiles(share, counts, weights / weights.sum(), confidence)
    return Interval(min(low, float(share)), max(high, float(share)), confidence, "beta-binomial")


def _wilson(share: float, count: float, confidence: float) -> Interval:
    from math import sqrt
    from statistics import NormalDist

    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    middle, reach = share + z2 / (2 * count), sqrt(z2 * (share * (1 - share) + z2 / (4 * count)) / count)
    ends = ((middle + side * reach) / (1 + z2 / count) for side in (-1, 1))
    low, high = (min(max(end, 0.0), 1.0) for end in ends)
    return Interval(0.0 if share == 0 else low, 1.0 if share == 1 else high, confidence, "Wilson")


def _likelihood(right: np.ndarray, total: np.ndarray, share: float, correlation: np.ndarray) -> np.ndarray:
    """Return the beta-binomial likelihood of each correlation, with the share integrated out, up to a factor."""
    import numpy as np
    from scipy.special import betaln

    units, number = np.unique(np.stack([right, total]), axis=1, return_counts=True)
    sizes = (1 / correlation - 1)[:, None]
    a, b = share * sizes, (1 - share) * sizes
    logs = (number * (betaln(units[0] + a, units[1] - units[0] + b) - betaln(a, b))).sum(axis=1)
    design = (total**2).sum() / total.sum()
    return np.exp(logs - logs.max()) * np.sqrt(
        1 + max(design - 1, 0) * correlation
    )  # the width of its peak in the share


def _mixture_quantiles(share: float, counts: np.ndarray, weights: np.ndarray, confidence: float) -> tuple[float, float]:
    """Return both ends of the middle of a mixture of beta distributions."""
    from scipy.optimize import brentq
    from scipy.special import betainc

    a, b = counts * share + PRIOR, counts * (1 - share) + PRIOR

    def quantile(level: float) -> float:
        return float(brentq(lambda x: weights @ betainc(a, b, x) - level, 0.0, 1.0))

    return quantile((1 - confidence) / 2), quantile((1 + confidence) / 2)


@dataclass(frozen=True)
class ScoreScale:
    """A scale on which a score is nearly normal, and the way back."""

    forward: Callable[[np.ndarray], np.ndarray]
    backward: Callable[[np.ndarray], np.ndarray]


def _same(values: np.ndarray) -> np.ndarray:
    return values


def _log(values: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.log(values)


def _exp(values: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.exp(values)


def _logit(values: np.ndarray) -> np.ndarray:
    from scipy.special import logit

    return logit(values)


def _expit(values: np.ndarray) -> np.ndarray:
    from scipy.special import expit

    return expit(values)


LINEAR, LOGARITHMIC, LOGISTIC = ScoreScale(_same, _same), ScoreScale(_log, _exp), ScoreScale(_logit, _expit)


def jackknife_interval(
    statistic: Callable[[np.ndarray], Any], units: np.ndarray, confidence: float, scale: ScoreScale = LINEAR
) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of a statistic, both ends in its shape: Student's t with the jackknife's variance, units left out one by one.

    Many units are left out in 100 blocks. Ends are NaN where the statistic has no finite value on its scale, or no variance (a perfect
    score), or where there is one unit.

    Args:
        statistic: returns a number or an array for indices of examples, (n,) int64.
        units: (examples,), the independent unit of each example.
        confidence: probability with which the interval covers the true value.
        scale: where the statistic is nearly normal.
    """
    import numpy as np
    from scipy.stats import t

    names, unit = np.unique(units, return_inverse=True)
    blocks = min(len(names), BLOCKS)
    if blocks < 2:
        missing = np.full(np.shape(statistic(np.arange(len(unit)))), np.nan)
        return missing, missing.copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        value = scale.forward(np.asarray(statistic(np.arange(len(unit))), float))
        without = np.stack(
            [scale.forward(np.asarray(statistic(np.flatnonzero(unit % blocks != i)), float)) for i in range(blocks)]
        )
        variance = (blocks - 1) / blocks * ((without - without.mean(axis=0)) ** 2).sum(axis=0)
        reach = t.ppf((1 + confidence) / 2, blocks - 1) * np.sqrt(variance * (1 + SKEWNESS / len(names)))
        reach = np.where(np.isfinite(value) & (reach > 0), reach, np.nan)
        ends = np.sort([scale.backward(value - reach), scale.backward(value + reach)], axis=0)
    return ends[0], ends[1]


def score_interval(
    statistic: Callable[[np.ndarray], Any], units: np.ndarray, confidence: float, scale: ScoreScale = LINEAR
) -> Interval | None:
    """Return `jackknife_interval` of one number from `units`, (examples,), the unit of each; None where it has none."""
    import math

    low, high = (float(end) for end in jackknife_interval(statistic, units, confidence, scale))
    return None if math.isnan(low) or math.isnan(high) else Interval(low, high, confidence, "jackknife")


def add_seeds(interval: Interval, values: Sequence[float], units: int) -> Interval:
    """Widen the interval of the mean of several networks' scores, which differ in their seed, by the spread of these scores.

    Both variances, that over units and that of the mean over seeds, are added, with the degrees of freedom of B. L. Welch, Biometrika 34,
    28 (1947).
    """
    from statistics import fmean, variance

    from scipy.stats import t

    if len(values) < 2 or units < 2:
        return interval
    level, mean, own = (1 + interval.confidence) / 2, fmean(values), variance(values) / len(values)
    ends = []
    for end in (interval.low, interval.high):
        other = float((end - mean) / t.ppf(level, units - 1)) ** 2
        total = own + other
        freedom = total**2 / (own**2 / (len(values) - 1) + other**2 / (units - 1)) if total > 0 else 1.0
        ends.append(mean + (1 if end > mean else -1) * float(t.ppf(level, freedom)) * total**0.5)
    return replace(interval, low=ends[0], high=ends[1], method=f"{interval.method}, {len(values)} seeds")

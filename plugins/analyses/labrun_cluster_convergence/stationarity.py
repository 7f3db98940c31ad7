"""Find where a series becomes stationary, how correlated its values are, and its stationary mean.

**Start.** MSER-5, the marginal standard error rule (K. P. White, Jr., M. J. Cobb and S. C. Spratt, Proc. Winter Simulation Conf. 2000, 755;
K. Hoad, S. Robinson and R. Davies, J. Oper. Res. Soc. 61, 1331 (2010)), on the average of the replicas. With the means y_b of B batches of
5 values each, the steady state starts with the batch d that minimises

    MSER(d) = Σ_{b≥d} (y_b − ȳ_d)² / (B − d)²,    ȳ_d the mean of y_b from d on,

over d in the first half of the run: dropping a batch pays while its deviation exceeds about 1.4 standard deviations of a batch. Replicas
share their relaxation but not their noise, so the average of R replicas shows a transient √R times more clearly. What is left of a slow
relaxation at the start is below that threshold; more replicas lower it.

**Correlation.** With the normalised autocorrelation C(t) of T values,

    g = 1 + 2 Σ_t (1 − t/T) C(t)    statistical inefficiency: the number of values that are worth one independent value
    N_eff = T / g                   effective number of samples

The sum stops at the first C(t) ≤ 0 after lag 3, where C is lost in noise, and g is at least 1 (J. D. Chodera, J. Chem. Theory Comput. 12,
1799 (2016), doi:10.1021/acs.jctc.5b00784).
"""

# Refused: the start that maximises N_eff (Chodera 2016), alone or summed over replicas. With a relaxation as fast as the correlations, it
# often keeps the whole transient (relaxation and correlation time 50, 3 replicas of 20,000 values, transient of 3 standard deviations:
# start 0 in more than half of 20 runs; MSER-5: 15 to 240), and since g is noisy, it may drop 40 % of a stationary run. For clusters of
# particles at tumbling rates of 0.073 and 0.34 (9 series of 6,001 looks, each alone): 0 to 300 and 0 to 1,520 sweeps; MSER-5: 50 to 200
# and 50 to 150. Longer batches find slow weak relaxations better, but drop up to half of a stationary run.
# Refused: pymbar 4.0.3 for g. The tests compare with it, but importing it brings numexpr and solvers for MBAR.

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

__all__ = ["SteadyState", "find_start", "latest_start", "measure_steady_state", "statistical_inefficiency"]

MINIMUM_LAG = 3
BATCH = 5
"""Values in a batch; fewer in runs of less than 250 values, so that there are 50 batches"""
BATCHES = 50


@dataclass(frozen=True)
class SteadyState:
    """The values of one series from its start on."""

    inefficiency: float
    """g [values]"""
    effective_samples: float
    """N_eff"""
    mean: float
    error: float
    """Standard error √(variance · g/n) of the mean of n values; NaN for a single value."""


def statistical_inefficiency(series: np.ndarray) -> float:
    """Return g of a series, (T,) of finite numbers. A constant series is one sample: g = T."""
    looks = len(series)
    if np.ptp(series) == 0:
        return float(looks)
    lags = np.arange(1, looks - 1)
    correlation = _autocorrelation(series)[1:-1]
    ends = np.flatnonzero((correlation <= 0) & (lags > MINIMUM_LAG))
    kept = slice(ends[0] if len(ends) else None)
    return max(1.0, float(1 + 2 * np.sum((1 - lags[kept] / looks) * correlation[kept])))


def _autocorrelation(series: np.ndarray) -> np.ndarray:
    """Return C(t) = ⟨δx(s) δx(s + t)⟩_s / ⟨δx²⟩ for t = 0, 1, …, T − 1, averaged over T − t pairs."""
    looks = len(series)
    deviation = series - series.mean()
    padded = fft.next_fast_len(2 * looks, real=True)  # zeros, so that the end does not correlate with the beginning
    power = np.abs(fft.rfft(deviation, padded)) ** 2
    covariance = fft.irfft(power, padded)[:looks] / np.arange(looks, 0, -1)
    return covariance / np.mean(deviation**2)


def latest_start(looks: int) -> int:
    """Return the last start that is allowed: the steady state must begin in the first half of the run."""
    return (looks - 1) // 2


def find_start(replicas: np.ndarray) -> int:
    """Return the common start of replicas, (replicas, looks) of finite numbers: the first look of the batch with the smallest MSER."""
    looks = replicas.shape[1]
    average = replicas.mean(axis=0)
    if np.ptp(average) == 0:
        return 0
    batch = min(BATCH, max(1, looks // BATCHES))
    batches = average[: looks // batch * batch].reshape(-1, batch).mean(axis=1)
    return batch * int(np.argmin(_mser(batches)[: latest_start(looks) // batch + 1]))


def _mser(batches: np.ndarray) -> np.ndarray:
    """Return MSER(d) for each d, (batches,)."""
    reversed_ = (batches - batches.mean())[::-1]  # centred, else the squares would lose digits
    counts = np.arange(1, len(batches) + 1)
    squares = np.cumsum(reversed_**2) - np.cumsum(reversed_) ** 2 / counts
    return (np.maximum(squares, 0) / counts**2)[::-1]


def measure_steady_state(series: np.ndarray, start: int) -> SteadyState:
    """Measure a series, (looks,) of finite numbers, from its look `start` on."""
    kept = series[start:]
    inefficiency = statistical_inefficiency(kept)
    samples = len(kept) / inefficiency
    error = float(np.sqrt(kept.var(ddof=1) / samples)) if len(kept) > 1 else float("nan")
    return SteadyState(inefficiency, samples, float(kept.mean()), error)

"""From when on a series is stationary, how correlated its values are, and the mean that it has then.

With the normalised autocorrelation C(t) of T values,

    g = 1 + 2 Σ_t (1 − t/T) C(t)        statistical inefficiency: every g-th value is as good as independent
    N_eff(t0) = (T − t0) / g(t0)        effective number of samples from value t0 (counted from 0) on

The sum stops at the first C(t) ≤ 0 after lag 3, where C is lost in noise, and g is at least 1. The steady state starts at the t0 that
maximises N_eff: an earlier one keeps values that relax, which raises g, a later one throws good ones away. J. D. Chodera, J. Chem.
Theory Comput. 12, 1799 (2016), doi:10.1021/acs.jctc.5b00784, where t0 counts from 1 and N_eff is (T − t0 + 1)/g.

What it overlooks: one or two looks far off raise the variance more than they raise g, and are kept, so looks must be denser than the
relaxation. For single slow traces no such detector is reliable. So replicas get one common t0, which maximises the sum of their N_eff,
and t0 lies in the first half of the run.
"""

# Refused: pymbar 4.0.3 (`timeseries.detect_equilibration`), which the tests compare with. Importing it brings numexpr and solvers for
# MBAR and prints an advertisement for JAX on standard error, and it knows neither a bound for t0 nor replicas.

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

__all__ = ["SteadyState", "candidate_starts", "find_start", "measure_steady_state", "statistical_inefficiency"]

MINIMUM_LAG = 3
CANDIDATES = 200


@dataclass(frozen=True)
class SteadyState:
    """What the values of one series from its start on tell."""

    inefficiency: float
    """g [values]"""
    effective_samples: float
    """N_eff"""
    mean: float
    error: float
    """Standard error √(variance · g/n) of the mean of n values; NaN for a lone value, which tells no variance."""


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
    """C(t) = ⟨δx(s) δx(s + t)⟩_s / ⟨δx²⟩ for t = 0, 1, …, T − 1, where T − t pairs are averaged."""
    looks = len(series)
    deviation = series - series.mean()
    padded = fft.next_fast_len(2 * looks, real=True)  # zeros, so that the end does not correlate with the beginning
    power = np.abs(fft.rfft(deviation, padded)) ** 2
    covariance = fft.irfft(power, padded)[:looks] / np.arange(looks, 0, -1)
    return covariance / np.mean(deviation**2)


def candidate_starts(looks: int) -> np.ndarray:
    """Return the t0 that are tried, evenly spaced from 0 to at most half the run: (candidates,) int64, at most 200."""
    last = (looks - 1) // 2
    return np.linspace(0, last, min(CANDIDATES, last + 1)).round().astype(np.int64)


def find_start(replicas: np.ndarray) -> int:
    """Return the t0 that replicas, (replicas, looks) of finite numbers, share: of the candidates the one with the largest Σ N_eff."""
    looks = replicas.shape[1]
    starts = candidate_starts(looks)
    samples = [sum((looks - t0) / statistical_inefficiency(series[t0:]) for series in replicas) for t0 in starts]
    return int(starts[np.argmax(samples)])


def measure_steady_state(series: np.ndarray, start: int) -> SteadyState:
    """Measure a series, (looks,) of finite numbers, from its look `start` on."""
    kept = series[start:]
    inefficiency = statistical_inefficiency(kept)
    samples = len(kept) / inefficiency
    error = float(np.sqrt(kept.var(ddof=1) / samples)) if len(kept) > 1 else float("nan")
    return SteadyState(inefficiency, samples, float(kept.mean()), error)

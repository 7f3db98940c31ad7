from __future__ import annotations

import importlib.util
import warnings

import numpy as np
import pytest
from scipy.signal import lfilter

from labrun_cluster_convergence.stationarity import (
    find_start,
    latest_start,
    measure_steady_state,
    statistical_inefficiency,
)


def autoregressive(rng, phi, looks, replicas=1):
    """Stationary AR(1), (replicas, looks): x(t) = φ x(t − 1) + noise of variance 1, mean 0, variance 1/(1 − φ²), g = (1 + φ)/(1 − φ)."""
    noise = rng.standard_normal((replicas, looks))
    noise[:, 0] /= np.sqrt(1 - phi**2)
    return lfilter([1], [1, -phi], noise, axis=1)


def add_relaxation(series, time, height):
    """Add a transient that decays exponentially."""
    return series - height * np.exp(-np.arange(series.shape[1]) / time)


def add_ramp(series, length, height):
    return series + height * np.clip(1 - np.arange(series.shape[1]) / length, 0, None)


def inefficiency_by_direct_sums(series):
    """The definition, lag by lag."""
    looks, deviation = len(series), series - np.mean(series)
    g = 1.0
    for t in range(1, looks - 1):
        correlation = np.mean(deviation[: looks - t] * deviation[t:]) / np.mean(deviation**2)
        if correlation <= 0 and t > 3:
            break
        g += 2 * correlation * (1 - t / looks)
    return max(1.0, g)


def inefficiencies_of_others():
    """The naive version, and pymbar's where it is installed."""
    yield inefficiency_by_direct_sums
    if importlib.util.find_spec("pymbar"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pymbar.timeseries import statistical_inefficiency as of_pymbar

        yield lambda series: of_pymbar(series, fast=False, mintime=3)


@pytest.mark.parametrize("looks", [3, 4, 5, 6, 37, 500])
@pytest.mark.parametrize("phi", [-0.7, 0.0, 0.6, 0.97])
def test_inefficiency_is_the_direct_sum(rng, phi, looks):
    for series in autoregressive(rng, phi, looks, 20) + 300:
        for other in inefficiencies_of_others():
            assert statistical_inefficiency(series) == pytest.approx(other(series), rel=1e-9)


def test_inefficiency_is_that_of_pymbar():
    """Values of pymbar 4.0.3, statistical_inefficiency(series, fast=False, mintime=3)."""
    t = np.arange(500.0)
    assert statistical_inefficiency(np.cos(0.05 * t) + np.cos(0.001 * t**2)) == pytest.approx(20.798288322987762)
    assert statistical_inefficiency(np.cos(0.3 * t**2) + 0.01 * t) == pytest.approx(137.20877635222885)
    assert statistical_inefficiency(3 * np.cos(0.02 * t * np.sqrt(t))) == pytest.approx(4.347706795109515)


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_inefficiency_of_an_autoregressive_process_is_exact_on_average(rng, phi):
    found = np.mean([statistical_inefficiency(series) for series in autoregressive(rng, phi, 4000, 100)])
    assert found == pytest.approx((1 + phi) / (1 - phi), rel=0.06)


def test_anticorrelated_values_are_not_worth_more_than_independent_ones(rng):
    assert statistical_inefficiency(autoregressive(rng, -0.8, 1000)[0]) == 1.0


@pytest.mark.parametrize("looks", [1, 2, 50])
def test_a_constant_series_is_stationary_from_the_start_and_one_sample(looks):
    series = np.full(looks, 0.1)
    state = measure_steady_state(series, find_start(series[None]))
    assert find_start(series[None]) == 0
    assert state.effective_samples == 1
    assert state.mean == pytest.approx(0.1)
    if looks == 1:
        assert np.isnan(state.error)
    else:
        assert state.error == pytest.approx(0, abs=1e-12)


def mser_by_definition(average, batch):
    """Drop d batches, and take the variance of the others over their number, for each d in the first half."""
    count = len(average) // batch
    means = [np.mean(average[batch * b : batch * (b + 1)]) for b in range(count)]
    last = (len(average) - 1) // 2 // batch
    return batch * int(np.argmin([np.var(means[d:]) / (count - d) for d in range(last + 1)]))


@pytest.mark.parametrize(("looks", "batch"), [(3, 1), (40, 1), (101, 2), (301, 5), (1234, 5)])
def test_the_start_is_that_of_the_definition(rng, looks, batch):
    for _ in range(20):
        replicas = add_relaxation(autoregressive(rng, 0.8, looks, 3), looks / 20, 6)
        assert find_start(replicas) == mser_by_definition(replicas.mean(axis=0), batch)
        assert find_start(1e6 + replicas) == find_start(replicas)


@pytest.mark.parametrize("looks", [1, 2, 3, 10, 400, 12345])
def test_the_start_lies_in_the_first_half(rng, looks):
    rising = np.arange(looks, dtype=float)[None] + rng.standard_normal((1, looks))
    assert find_start(rising) <= latest_start(looks) <= (looks - 1) / 2


def starts_of(rng, tau, looks, replicas, time, height, runs=40):
    """Starts of noise with the correlation time tau [looks] and variance 1, relaxing from -height within some time [looks]."""
    phi = np.exp(-1 / tau)
    noise = [autoregressive(rng, phi, looks, replicas) * np.sqrt(1 - phi**2) for _ in range(runs)]
    return np.array([find_start(add_relaxation(one, time, height)) for one in noise])


@pytest.mark.parametrize(
    ("tau", "looks", "replicas", "time", "height"),
    [
        (10, 2000, 4, 40, 4),  # relaxation slower than the correlations
        (40, 2000, 8, 40, 3),  # as slow as they are, as in linear response
        (50, 20000, 3, 50, 3),  # the same in a long run, which hardly notices the transient
        (1, 6000, 3, 1, 14),  # over at once
        (3, 100, 3, 5, 5),  # a short run
    ],
)
def test_a_known_transient_is_dropped_and_little_else(rng, tau, looks, replicas, time, height):
    starts = starts_of(rng, tau, looks, replicas, time, height)
    left = height * np.exp(-starts / time)  # of the transient, in standard deviations
    assert np.median(left) < 0.8
    assert np.quantile(left, 0.95) < 1.6
    assert np.median(starts) < time * np.log(20 * height) + 5
    assert np.quantile(starts, 0.9) < 0.4 * looks


def test_a_planted_ramp_is_found(rng):
    for length in (200, 600):
        starts = [find_start(add_ramp(autoregressive(rng, 0.5, 2000), length, 9)) for _ in range(10)]
        assert np.median(starts) == pytest.approx(0.9 * length, rel=0.1)  # its foot is lost in noise
        assert np.mean([0.7 * length < start < 1.2 * length for start in starts]) >= 0.8


@pytest.mark.parametrize(("tau", "replicas"), [(0.5, 1), (5, 1), (5, 4), (50, 3)])
def test_a_stationary_series_is_kept(rng, tau, replicas):
    starts = starts_of(rng, tau, 4000, replicas, 1, 0)
    assert np.median(starts) == 0
    assert np.quantile(starts, 0.9) < 500


def test_replicas_decide_together(rng):
    """The average of eight shows more of a slow relaxation than each alone, and their starts scatter less."""
    alone, together = (starts_of(rng, 10, 2000, replicas, 100, 1.5) for replicas in (1, 8))
    assert np.median(together) > 2 * np.median(alone)
    assert np.std(together) / np.mean(together) < 0.7 * np.std(alone) / np.mean(alone)


def test_the_mean_is_better_than_without_a_start(rng):
    phi = np.exp(-1 / 10)
    errors = []
    for _ in range(60):
        replicas = add_relaxation(autoregressive(rng, phi, 2000, 4) * np.sqrt(1 - phi**2), 40, 6)
        errors.append((replicas.mean(), replicas[:, find_start(replicas) :].mean()))
    whole, cut = np.sqrt(np.mean(np.square(errors), axis=0))
    assert cut < 0.6 * whole
    assert cut < 1.25 * np.sqrt((1 + phi) / (1 - phi) / (4 * 2000))  # of a run without any transient


def test_a_ramp_through_the_whole_run_starts_at_the_cap(rng):
    assert find_start(add_ramp(autoregressive(rng, 0.0, 1001, 3), 1001, 30)) >= 475


@pytest.mark.parametrize("phi", [0.0, 0.6, 0.9])
def test_error_bars_cover_the_true_mean_in_the_right_share_of_runs(rng, phi):
    """68.3 % of 500 runs, give or take 2.1 % by chance; a few less since g is measured, too."""
    states = [measure_steady_state(series, 0) for series in 7 + autoregressive(rng, phi, 2000, 500)]
    covered = np.mean([abs(state.mean - 7) < state.error for state in states])
    assert 0.61 < covered < 0.74
    error = np.std([state.mean for state in states])
    assert np.mean([state.error for state in states]) == pytest.approx(error, rel=0.1)


def test_error_bars_after_the_start_cover_as_well(rng):
    covered = []
    for _ in range(100):
        series = add_ramp(7 + autoregressive(rng, 0.6, 600), 120, 10)
        state = measure_steady_state(series[0], find_start(series))
        covered.append(abs(state.mean - 7) < 2 * state.error)
    assert np.mean(covered) > 0.87  # 95.4 % if the start were given


def test_only_what_follows_the_start_counts(rng):
    series = autoregressive(rng, 0.5, 400)[0]
    spoiled = np.concatenate([np.full(150, 1e6), series])
    assert measure_steady_state(spoiled, 150) == measure_steady_state(series, 0)

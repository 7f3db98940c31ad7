from __future__ import annotations

import importlib.util
import warnings

import numpy as np
import pytest
from scipy.signal import lfilter

from labrun_cluster_convergence.stationarity import (
    candidate_starts,
    find_start,
    measure_steady_state,
    statistical_inefficiency,
)


def autoregressive(rng, phi, looks, replicas=1):
    """Stationary AR(1), (replicas, looks): x(t) = φ x(t − 1) + noise of variance 1, mean 0, variance 1/(1 − φ²), g = (1 + φ)/(1 − φ)."""
    noise = rng.standard_normal((replicas, looks))
    noise[:, 0] /= np.sqrt(1 - phi**2)
    return lfilter([1], [1, -phi], noise, axis=1)


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


@pytest.mark.parametrize("looks", [1, 2, 3, 10, 399, 400, 12345])
def test_candidates_go_evenly_from_the_first_look_to_half_the_run(looks):
    starts = candidate_starts(looks)
    assert starts[0] == 0
    assert (looks - 1) / 2 - 1 < starts[-1] <= (looks - 1) / 2
    assert len(starts) == min(200, starts[-1] + 1)
    steps = np.diff(starts)
    assert len(steps) == 0 or (steps.min() >= 1 and np.ptp(steps) <= 1)


def test_a_planted_ramp_is_found(rng):
    for length in (200, 600):
        starts = [find_start(add_ramp(autoregressive(rng, 0.5, 2000), length, 9)) for _ in range(10)]
        assert np.median(starts) == pytest.approx(0.9 * length, rel=0.1)  # its foot is lost in noise
        assert np.mean([0.7 * length < start < 1.2 * length for start in starts]) >= 0.8


def test_a_stationary_series_is_kept(rng):
    starts = [find_start(autoregressive(rng, 0.5, 2000)) for _ in range(20)]
    assert np.median(starts) < 20
    assert max(starts) < 500


def test_the_start_is_where_the_sum_over_replicas_is_largest(rng):
    replicas = add_ramp(autoregressive(rng, 0.8, 301, 3), 60, 10)
    samples = [
        sum((301 - t0) / inefficiency_by_direct_sums(series[t0:]) for series in replicas)
        for t0 in range(151)  # every one is tried, since they are fewer than 200
    ]
    assert find_start(replicas) == np.argmax(samples)
    assert len({find_start(series[None]) for series in replicas}) > 1  # each alone says another


def test_replicas_scatter_less(rng):
    """An outlier of one trace does not decide."""
    alone = [find_start(add_ramp(autoregressive(rng, 0.9, 500), 100, 10)) for _ in range(25)]
    together = [find_start(add_ramp(autoregressive(rng, 0.9, 500, 4), 100, 10)) for _ in range(25)]
    assert np.std(together) < 0.7 * np.std(alone)


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

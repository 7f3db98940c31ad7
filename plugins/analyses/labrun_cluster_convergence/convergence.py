"""Combine the replicas of each set of parameters, and judge whether their runs are long enough."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from labrun import Ensemble
from labrun.kit.parameter_sets import ParameterSet, parameter_sets, varying
from labrun_cluster_convergence.sources import Observable, Series, read_series
from labrun_cluster_convergence.stationarity import SteadyState, find_start, latest_start, measure_steady_state

__all__ = ["Convergence", "find_convergence", "group_table", "member_table"]

NEAR = 0.95
"""Share of the latest start beyond which a start counts as at the cap: noise seldom makes it the very last."""


@dataclass(frozen=True)
class Convergence:
    """The series of the replicas of one set of parameters, and their common steady state."""

    parameters: ParameterSet
    numbers: list[int]
    """The numbers of its members."""
    label: str
    title: str
    """The parameters in which sets differ."""
    times: np.ndarray
    """(looks,) [unit]"""
    values: np.ndarray
    """(replicas, looks)"""
    unit: str
    start: int
    """First look of the steady state."""
    states: list[SteadyState]
    minimum_samples: float

    @property
    def start_time(self) -> Any:
        """Time of the first look of the steady state [unit]."""
        return self.times[self.start].item()

    @property
    def spacing(self) -> float:
        """Mean time between two looks [unit]; 0 for a single look."""
        return float(self.times[-1] - self.times[0]) / max(1, len(self.times) - 1)

    @property
    def mean(self) -> float:
        """Mean over the replicas, which are equally long."""
        return float(np.mean([state.mean for state in self.states]))

    @cached_property
    def error_within(self) -> float:
        """Standard error of the mean, from the fluctuations within the replicas: √(Σ error²) / R."""
        return math.hypot(*(state.error for state in self.states)) / len(self.states)

    @property
    def error(self) -> float:
        """Standard error of the mean, from the scatter of two or more replicas, else from the fluctuations within one."""
        if len(self.states) == 1:
            return self.error_within
        return float(np.std([state.mean for state in self.states], ddof=1) / math.sqrt(len(self.states)))

    @property
    def effective_samples(self) -> float:
        """Σ N_eff over the replicas."""
        return sum(state.effective_samples for state in self.states)

    @property
    def inefficiency(self) -> float:
        """g of all replicas [looks]: looks in the steady state per effective sample."""
        return len(self.states) * (len(self.times) - self.start) / self.effective_samples

    @property
    def is_at_cap(self) -> bool:
        """Whether the start is close to the latest that is allowed: a later one might be better."""
        last = latest_start(len(self.times))
        return last > 0 and self.start >= NEAR * last

    @property
    def enough(self) -> bool:
        """Whether the steady state starts in the first half and is sampled often enough."""
        return not self.is_at_cap and self.effective_samples >= self.minimum_samples

    def correlation_time(self, inefficiency: float) -> float:
        """Return τ = (g − 1)/2 looks [unit]."""
        return (inefficiency - 1) / 2 * self.spacing


def find_convergence(simulation: Ensemble, observable: Observable, minimum_samples: float) -> list[Convergence]:
    """Find the steady state of each set of parameters, ordered by its parameters.

    Raises:
        ValueError: a member holds no series, or one that is not finite, or replicas have different times.
    """
    sets = parameter_sets(simulation)
    names = varying(sets)
    every = list(simulation.map(partial(read_series, observable=observable)))
    found = []
    for one in sets:
        series = [every[i] for i in one.members]
        numbers = [simulation.numbers[i] for i in one.members]
        _check_times(series, numbers)
        values = np.stack([one.values for one in series])
        start = find_start(values)
        states = [measure_steady_state(replica, start) for replica in values]
        label = one.label(names) or simulation.name
        title = one.title(names) or simulation.name
        times, unit = series[0].times, series[0].unit
        found.append(Convergence(one, numbers, label, title, times, values, unit, start, states, minimum_samples))
    return found


def _check_times(series: Sequence[Series], numbers: Sequence[int]) -> None:
    for one, number in zip(series, numbers, strict=True):
        if not np.array_equal(one.times, series[0].times):
            raise ValueError(
                f"members {numbers[0]} and {number} have the same parameters but different times ({_span(series[0])}; {_span(one)}): "
                "replicas share one start, so give them the same times, or a column in which they differ"
            )


def _span(series: Series) -> str:
    return f"{len(series.times)} from {series.times[0]} to {series.times[-1]} {series.unit}"


def member_table(found: Sequence[Convergence], columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Return a row for each member, in the order of the ensemble. A result replaces a parameter of the same name."""
    rows = {
        i: {"member": number}
        | {name: column[i] for name, column in columns.items()}
        | {
            "start": one.start_time,
            "inefficiency": state.inefficiency,
            "correlation_time": one.correlation_time(state.inefficiency),
            "effective_samples": state.effective_samples,
            "mean": state.mean,
            "error": state.error,
            "enough": one.enough,
        }
        for one in found
        for i, number, state in zip(one.parameters.members, one.numbers, one.states, strict=True)
    }
    return pd.DataFrame([rows[i] for i in sorted(rows)])


def group_table(found: Sequence[Convergence]) -> pd.DataFrame:
    """Return a row for each set of parameters."""
    rows = [
        one.parameters.values
        | {
            "replicas": len(one.states),
            "start": one.start_time,
            "correlation_time": one.correlation_time(one.inefficiency),
            "effective_samples": one.effective_samples,
            "mean": one.mean,
            "error": one.error,
            "error_within": one.error_within,
            "enough": one.enough,
        }
        for one in found
    ]
    return pd.DataFrame(rows)

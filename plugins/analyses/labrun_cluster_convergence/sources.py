"""Read the series of an observable: as the simulation kept it at every look, or measured in its snapshots."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from labrun import Ensemble

if TYPE_CHECKING:
    import numpy as np

    from labrun_lattices.clusters import Clusters

__all__ = ["Observable", "Series", "describe_sources", "has_source", "read_series"]

Observable: TypeAlias = Literal[
    "mean_cluster_size", "largest_cluster", "clusters", "single_fraction", "blocked_fraction"
]

CLOCKS = {"steps": "sweeps", "iterations": "iterations"}
"""Arrays that hold the time of each snapshot, and its unit"""
OF_LOOKS_ONLY = "blocked_fraction"
"""It depends on orientations, so clusters of snapshots do not give it"""


@dataclass(frozen=True)
class Series:
    """An observable of one member over time."""

    times: np.ndarray
    """(looks,), increasing [unit]"""
    values: np.ndarray
    """(looks,) float64"""
    unit: str
    """"sweeps" or "iterations"."""


def has_source(observable: Observable, arrays: Container[str]) -> bool:
    """Check whether a simulation with these arrays gives the observable, at every look or in its snapshots."""
    looks = "look_steps" in arrays and observable in arrays
    snapshots = "snapshots" in arrays and any(clock in arrays for clock in CLOCKS)
    return looks or (snapshots and observable != OF_LOOKS_ONLY)


def describe_sources(observable: Observable) -> str:
    """List the arrays that are expected."""
    snapshots = "" if observable == OF_LOOKS_ONLY else ", or 'snapshots' and their 'steps' or 'iterations'"
    return f"'look_steps' and '{observable}'{snapshots}"


def read_series(simulation: Ensemble, i: int, observable: Observable) -> Series:
    """Return the observable of member `i`: of every look if it was kept, else of the snapshots.

    Raises:
        ValueError: the member holds neither, or values that are not finite, or different numbers of times and values.
    """
    import numpy as np

    series = _read_looks(simulation, i, observable) or _read_snapshots(simulation, i, observable)
    who = f"member {simulation.numbers[i]} of the simulation '{simulation.name}'"
    if series is None:
        raise ValueError(
            f"{who} holds no series of '{observable}': expected values in {describe_sources(observable)}, found none. Set "
            f"'observe: true' in the simulation{'' if observable == OF_LOOKS_ONLY else ', or let it keep snapshots'}"
        )
    if series.values.shape != series.times.shape:
        raise ValueError(
            f"{who} holds '{observable}' of shape {series.values.shape} at times of shape {series.times.shape}: "
            "expected one value for each time"
        )
    if not np.isfinite(series.values).all():
        wrong = series.times[~np.isfinite(series.values)]
        raise ValueError(
            f"{who} holds {len(wrong)} values of '{observable}' that are NaN or infinite, the first after {wrong[0]} "
            f"{series.unit}, so no steady state can be found. Fix the simulator, or leave the member out"
        )
    return series


def _read_looks(simulation: Ensemble, i: int, observable: Observable) -> Series | None:
    arrays = simulation.names
    if "look_steps" not in arrays or observable not in arrays or not simulation.shape(i, "look_steps")[0]:
        return None
    return Series(simulation.read(i, "look_steps"), simulation.read(i, observable).astype(float), "sweeps")


def _read_snapshots(simulation: Ensemble, i: int, observable: Observable) -> Series | None:
    """Measure the snapshots. Of several at one time, which are rolled copies with the same clusters, the first is used."""
    import numpy as np

    arrays = simulation.names
    clock = next((name for name in CLOCKS if name in arrays), None)
    if (
        observable == OF_LOOKS_ONLY
        or clock is None
        or "snapshots" not in arrays
        or not simulation.shape(i, "snapshots")[0]
    ):
        return None
    values = np.array([_pick(clusters, observable) for clusters in _measure_snapshots(simulation, i)], float)
    times, first = np.unique(simulation.read(i, clock), return_index=True)
    return Series(times, values[first], CLOCKS[clock])


def _measure_snapshots(simulation: Ensemble, i: int) -> Iterator[Clusters]:
    from labrun_lattices.clusters import measure_clusters

    yield from map(measure_clusters, simulation.planes(i, "snapshots"))


def _pick(clusters: Clusters, observable: Observable) -> float:
    return {
        "mean_cluster_size": clusters.mean_size,
        "largest_cluster": clusters.largest,
        "clusters": clusters.number,
        "single_fraction": clusters.single_fraction,
    }[observable]

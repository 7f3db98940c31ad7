"""Observables of each size and temperature, with their standard errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from labrun import Ensemble
from labrun.kit.bootstrap import bootstrap_interval
from numpy.typing import NDArray

from labrun_ising import exact

__all__ = ["OBSERVABLES", "curves", "measure", "observe"]

OBSERVABLES = ("magnetisation", "energy", "susceptibility", "specific heat", "Binder cumulant")
"""⟨|m|⟩, ⟨e⟩ [J], χ [1/J], c [k_B], U₄; in the order of `observe`."""
ONE_SIGMA = 0.6827

Floats = NDArray[np.float64]


def observe(m: Floats, e: Floats, sites: int, temperature: float) -> Floats:
    """Return the observables of a series of magnetisations and energies per site, (times,) each: (5,)."""
    square = np.mean(m**2)
    susceptibility = sites * (square - np.mean(np.abs(m)) ** 2) / temperature
    specific_heat = sites * e.var() / temperature**2
    cumulant = 1 - np.mean(m**4) / (3 * square**2) if square > 0 else np.nan
    return np.array([np.mean(np.abs(m)), e.mean(), susceptibility, specific_heat, cumulant])


def measure(simulation: Ensemble, blocks: int, resamples: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return a row for each size and temperature, sorted: observables, their standard errors, and the exact energy.

    Raises:
        ValueError: the table has no temperature, or an array holds NaN.
    """
    rows = []
    for (height, width, temperature), members in sorted(_sets(simulation).items()):
        m, e = (np.concatenate([_series(simulation, i, name) for i in members]) for name in ("magnetisation", "energy"))
        lengths = [simulation.shape(i, "energy")[0] for i in members]
        groups = np.concatenate([np.arange(n) * blocks // n + k * blocks for k, n in enumerate(lengths)])
        row: dict[str, Any] = {"height": height, "width": width, "temperature": temperature, "members": len(members)}
        row |= {"measurements": len(m), "independent": len(np.unique(groups))}
        row |= _estimate(m, e, groups, height * width, temperature, resamples, rng)
        rows.append(row | {"exact energy": exact.finite_energy(temperature, height, width)})
    return pd.DataFrame(rows)


def _estimate(
    m: Floats,
    e: Floats,
    groups: NDArray[np.int64],
    sites: int,
    temperature: float,
    resamples: int,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Return the observables of one series, and their standard errors."""
    values = observe(m, e, sites, temperature)
    low, high = bootstrap_interval(
        lambda chosen: observe(m[chosen], e[chosen], sites, temperature), groups, ONE_SIGMA, resamples, rng
    )
    errors = {f"{name} error": error for name, error in zip(OBSERVABLES, (high - low) / 2, strict=True)}
    return dict(zip(OBSERVABLES, values, strict=True)) | errors


def _sets(simulation: Ensemble) -> dict[tuple[int, int, float], list[int]]:
    """Return the members of each height, width and temperature."""
    if "temperature" not in simulation.columns:
        raise ValueError(f"the table of '{simulation.name}' has no column 'temperature': sweep over it")
    sets: dict[tuple[int, int, float], list[int]] = {}
    for i, temperature in enumerate(simulation.columns["temperature"]):
        _, height, width = simulation.shape_of_planes(i, "spins")
        sets.setdefault((height, width, float(temperature)), []).append(i)
    return sets


def _series(simulation: Ensemble, i: int, name: str) -> Floats:
    series = simulation.read(i, name)
    if not np.isfinite(series).all():
        raise ValueError(f"'{name}' of member {simulation.numbers[i]} of '{simulation.name}' holds NaN or infinity")
    return series


def curves(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the label of each size, such as `32 × 32`, and its rows."""
    for (height, width), rows in table.groupby(["height", "width"]):
        yield f"{height} × {width}", rows

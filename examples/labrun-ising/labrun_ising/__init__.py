"""The Ising model in two dimensions: a simulator, a dataset and an analysis."""

from __future__ import annotations

from labrun import Analysis, Dataset, Simulator, hookimpl

from labrun_ising.analysis import IsingObservables
from labrun_ising.dataset import IsingSnapshots
from labrun_ising.simulator import Ising

__all__ = ["Ising", "IsingObservables", "IsingSnapshots"]


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    """Offer the simulator."""
    return [Ising]


@hookimpl
def labrun_datasets() -> list[type[Dataset]]:
    """Offer the dataset."""
    return [IsingSnapshots]


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [IsingObservables]

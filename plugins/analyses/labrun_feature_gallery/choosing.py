"""Choose the sets of parameters and the snapshots that are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labrun import Ensemble
from labrun.kit.choosing import evenly
from labrun.kit.parameter_sets import ParameterSet

__all__ = ["Snapshot", "choose_evenly", "read_snapshot"]


@dataclass(frozen=True)
class Snapshot:
    """A plane, (height, width), the number of its member, and its own number from 0."""

    plane: np.ndarray
    member: int
    number: int


def choose_evenly(sets: Sequence[ParameterSet], count: int) -> list[ParameterSet]:
    """Return at most `count` sets, as evenly spaced as possible, including the first and the last."""
    return [sets[i] for i in evenly(len(sets), count)]


def read_snapshot(simulation: Ensemble, i: int, array: str, snapshot: int) -> Snapshot:
    """Read one snapshot of the member at place `i`; -1 is its last.

    Raises:
        ValueError: the array is not (snapshots, height, width), or has no such snapshot.
    """
    shape, member = simulation.shape_of_planes(i, array), simulation.numbers[i]
    who = f"'{array}' of member {member} of '{simulation.name}'"
    if not -shape[0] <= snapshot < shape[0]:
        raise ValueError(
            f"{who} has no snapshot {snapshot}: it holds {shape[0]}; choose from {-shape[0]} to {shape[0] - 1}"
        )
    number = snapshot % shape[0]
    return Snapshot(simulation.read(i, array, number), member, number)

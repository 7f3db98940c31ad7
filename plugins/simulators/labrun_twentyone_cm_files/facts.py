"""Numbers that describe a member beside its cubes, from several sources that must agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labrun import Arrays

ROUNDING = {
    "redshift": 0.005,
    "box": 0.5,
    "cells": 0,
    "mean_neutral_fraction": 1e-6,
    "escape_fraction": 5e-5,
    "ionizing_efficiency": 0.05,
}
"""Differences that rounding in the names of files explains"""


@dataclass(frozen=True)
class Facts:
    """Numbers from a name, from attributes or from the configuration; None if it does not have them."""

    redshift: float | None = None
    box: float | None = None
    """Side of the box across the line of sight [Mpc]"""
    cells: float | None = None
    """Cells along that side"""
    mean_neutral_fraction: float | None = None
    escape_fraction: float | None = None
    ionizing_efficiency: float | None = None

    def arrays(self, cells: int) -> Arrays:
        """Return the known numbers, each () float64, and the side of a cell [Mpc] of a box that is `cells` wide.

        Raises:
            ValueError: the size of the box is not known.
        """
        import numpy as np

        if self.box is None:
            raise ValueError("the size of the box is unknown: give 'box', its comoving side [Mpc]")
        known: dict[str, float | None] = {"cell_size": self.box / cells, "redshift": self.redshift}
        known |= {name: getattr(self, name) for name in list(ROUNDING)[3:]}
        return {name: np.array(value) for name, value in known.items() if value is not None}


def combined(sources: Mapping[str, Facts]) -> Facts:
    """Combine facts by their sources; of two values that agree within rounding, keep the first.

    Raises:
        ValueError: two sources contradict each other.
    """
    found: dict[str, tuple[str, float]] = {}
    for source, facts in sources.items():
        for name in (field.name for field in fields(Facts)):
            value = getattr(facts, name)
            if value is None:
                continue
            first, other = found.setdefault(name, (source, value))
            if abs(value - other) > ROUNDING[name] * (1 + 1e-9):
                raise ValueError(
                    f"the files of one member must be of one sky at one redshift: {first} says {name} {other:g}, {source} {value:g}"
                )
    return Facts(**{name: value for name, (_, value) in found.items()})

"""Cells of a phase map: averages over the members at each point of the plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from labrun.kit.classification import ClassProbabilities
from labrun.kit.patterns import Patterns

SAME = 1e-9
"""Coordinates that differ by less than this share of their range are the same: 0.1 + 0.2 and 0.3."""


@dataclass(frozen=True)
class Cells(ClassProbabilities):
    """One row for each distinct point, ordered by x and then by y."""

    x: np.ndarray
    """(cells,)"""
    y: np.ndarray
    """(cells,)"""
    cell_of: np.ndarray
    """(patterns,) index of the cell of each pattern."""
    classes: tuple[str, ...]
    probabilities: np.ndarray
    """(cells, classes), means over the members of each cell."""
    novel: np.ndarray | None
    """(cells,) bool: at least half of the members are novel; None without novelty."""

    @property
    def members(self) -> np.ndarray:
        """(cells,) number of members in each."""
        return np.bincount(self.cell_of)

    def table(self, x: str, y: str) -> pd.DataFrame:
        """Return a row for each cell, with its coordinates under the names `x` and `y`, and `novel` if known."""
        columns = {
            x: self.x,
            y: self.y,
            "members": self.members,
            "class": [self.classes[i] for i in self.predicted],
            "probability": self.probability,
            "entropy": self.entropy,
        }
        return pd.DataFrame(columns if self.novel is None else columns | {"novel": self.novel})

    def counts(self) -> pd.DataFrame:
        """Return number and share of cells, mean entropy and share of novel cells of each class, including classes without cells."""
        table = pd.DataFrame({"class": self.predicted, "entropy": self.entropy})
        if self.novel is not None:
            table["share novel"] = self.novel.astype(float)
        grouped = table.groupby("class")
        cells = grouped.size().reindex(range(len(self.classes)), fill_value=0)
        counts = pd.DataFrame({"cells": cells, "share": cells / len(self.x)}).join(grouped.mean())
        return counts.rename(columns={"entropy": "mean entropy"}).set_index(pd.Index(self.classes, name="class"))


def gather_cells(patterns: Patterns, x: str, y: str) -> Cells:
    """Average patterns with the same x and y into cells.

    Raises:
        ValueError: a coordinate is not a finite number.
    """
    (x_values, column), (y_values, row) = _levels(_coordinate(patterns, x)), _levels(_coordinate(patterns, y))
    points, cell_of = np.unique(np.stack([column, row], axis=1), axis=0, return_inverse=True)
    cell_of = cell_of.reshape(-1)
    members = np.bincount(cell_of)
    probabilities = np.zeros((len(points), len(patterns.classes)))
    np.add.at(probabilities, cell_of, patterns.probabilities)
    probabilities /= members[:, None]
    novel = None if patterns.novel is None else np.bincount(cell_of, weights=patterns.novel) * 2 >= members
    return Cells(x_values[points[:, 0]], y_values[points[:, 1]], cell_of, patterns.classes, probabilities, novel)


def _coordinate(patterns: Patterns, name: str) -> np.ndarray:
    column = patterns.parameters[name]
    if not pd.api.types.is_numeric_dtype(column) or not np.isfinite(column.to_numpy(float)).all():
        raise ValueError(f"'{name}' cannot be an axis of a map, since it holds other values than finite numbers")
    return column.to_numpy(float)


def _levels(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct values, ascending, and the index among them of each value."""
    order = np.argsort(values, kind="stable")
    ascending = values[order]
    new = np.diff(ascending, prepend=-np.inf) > SAME * (ascending[-1] - ascending[0])
    number = np.empty(len(values), np.int64)
    number[order] = np.cumsum(new) - 1
    return ascending[new], number

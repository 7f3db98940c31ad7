"""What a Sampler receives and returns: the rows that were asked so far with what was measured of them, and the choice of the next ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Asked", "Choice", "nearest_values"]


@dataclass(frozen=True)
class Asked:
    """The rows of an adaptive sweep so far. Rows in work, and rows whose members failed, have no value yet.

    `points` are dimensionless: each swept range is mapped to 0 … 1 (by its logarithm, if the range is logarithmic), and a category of k
    values to k coordinates, so that two different categories have the distance 1.
    """

    points: np.ndarray
    """(rows, coordinates) float64"""
    values: np.ndarray
    """(rows,) float64: the measured number, in its own unit, or the number of the class; a mean over repeats. NaN: not known."""
    errors: np.ndarray
    """(rows,) float64: standard error of the mean over repeats, in the unit of `values`; NaN with a single repeat."""
    classes: tuple[str, ...] = ()
    """The names of the classes; empty if numbers are measured."""
    probabilities: np.ndarray | None = None
    """(rows, classes) float64: the model's probabilities of the classes; NaN where not known. None if numbers are measured."""
    disagreement: np.ndarray | None = None
    """(rows,) float64: mutual information of the class and the model [nats], for several models; zero for one."""

    @property
    def known(self) -> np.ndarray:
        """Which rows have a value, (rows,) bool."""
        import numpy as np

        return np.isfinite(self.values)


@dataclass(frozen=True)
class Choice:
    """The rows that a sampler asks next: their places among the candidates, (count,) int, and the score of each, (count,) float, by which
    it was chosen. Scores are recorded with the rows; only their order matters."""

    rows: np.ndarray
    scores: np.ndarray


def nearest_values(asked: Asked, points: np.ndarray) -> np.ndarray:
    """Return the value of the nearest row with a value at each point, (points,), in the unit of `asked.values`."""
    from scipy.spatial import cKDTree

    known = asked.known
    return asked.values[known][cKDTree(asked.points[known]).query(points)[1]]

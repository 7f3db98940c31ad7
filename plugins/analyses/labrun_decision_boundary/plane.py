"""Predictions of a network over a plane, and the lines on which the predicted class changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from contourpy import contour_generator

from labrun import Examples, TrainedModel

__all__ = ["RESOLUTION", "Plane", "column_distances", "judge"]

RESOLUTION = 301
"""Points along each side. Lines are interpolated between them."""
AT_ONCE = 8192


@dataclass(frozen=True)
class Plane:
    """Points of the plane, RESOLUTION along each side; arrays over it are (…, y, x)."""

    x: np.ndarray
    y: np.ndarray
    classes: tuple[str, ...]
    margins: np.ndarray
    """(classes, y, x): the logit of each class minus the largest of all others."""
    probabilities: np.ndarray
    """(classes, y, x)"""

    @property
    def regions(self) -> np.ndarray:
        """The number of the most probable class, (y, x)."""
        return self.margins.argmax(axis=0)

    def boundaries(self) -> list[np.ndarray]:
        """Return polylines (points, 2) on which the most probable class changes: one set for two classes, else one for each class."""
        of = self.margins[1:] if len(self.classes) == 2 else self.margins
        return [line for margin in of for line in self.lines_of(margin)]

    def lines_of(self, values: np.ndarray) -> list[np.ndarray]:
        """Return polylines (points, 2) on which values (y, x) change sign."""
        return [np.asarray(line) for line in contour_generator(self.x, self.y, values).lines(0.0)]


def judge(model: TrainedModel, like: Examples, x_range: tuple[float, float], y_range: tuple[float, float]) -> Plane:
    """Predict all points of a plane with a model of two inputs, given in the dtype of the examples `like`."""
    from scipy.special import softmax

    xs, ys = np.linspace(*x_range, RESOLUTION), np.linspace(*y_range, RESOLUTION)
    points = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2).astype(like.load_x([0]).dtype)
    logits = model.logits(Examples.inputs_only(lambda i: points[i], len(points), "plane"), AT_ONCE).astype(float)
    grid = logits.T.reshape(-1, RESOLUTION, RESOLUTION)
    assert like.classes is not None
    return Plane(xs, ys, like.classes, _margins(grid), softmax(grid, axis=0))


def _margins(logits: np.ndarray) -> np.ndarray:
    """Return the logit of each class, (classes, …), minus the largest of all others."""
    best, second = np.sort(logits, axis=0)[-1:], np.sort(logits, axis=0)[-2:-1]
    return logits - np.where(logits == best, second, best)


def column_distances(learned: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return the share of each column in which two functions (y, x) have different signs, (x,).

    Both are taken as linear between two points of a column: one changes sign at a fraction α of the interval, the other at β, with 1 for no
    change. Their signs differ on a share |α − β| of the interval if they agree at its start, else on 1 − |α − β|.
    """
    a, b = _crossings(learned), _crossings(true)
    apart = np.abs(a - b)
    agreed = (learned[:-1] > 0) == (true[:-1] > 0)
    return np.where(agreed, apart, 1 - apart).mean(axis=0)


def _crossings(values: np.ndarray) -> np.ndarray:
    """Return where the sign changes between a point and the next, as a fraction of the interval, 1 for no change: (y − 1, x)."""
    start, end = values[:-1], values[1:]
    changes = (start > 0) != (end > 0)
    return np.divide(start, start - end, out=np.ones(start.shape), where=changes)

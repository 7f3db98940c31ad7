"""What a network says of the points of a plane, and the lines on which its mind changes."""

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
    """(classes, y, x): the logit of each class less the greatest of all others."""
    probabilities: np.ndarray
    """(classes, y, x)"""

    @property
    def regions(self) -> np.ndarray:
        """(y, x): the number of the most probable class."""
        return self.margins.argmax(axis=0)

    def boundaries(self) -> list[np.ndarray]:
        """Polylines (points, 2) on which the most probable class changes. Those of two classes are one; of more, each class has its own."""
        of = self.margins[1:] if len(self.classes) == 2 else self.margins
        return [line for margin in of for line in self.lines_of(margin)]

    def lines_of(self, values: np.ndarray) -> list[np.ndarray]:
        """Polylines (points, 2) on which values (y, x) change their sign."""
        return [np.asarray(line) for line in contour_generator(self.x, self.y, values).lines(0.0)]


def judge(model: TrainedModel, like: Examples, x_range: tuple[float, float], y_range: tuple[float, float]) -> Plane:
    """Ask a model of two inputs for all points of a plane; they are of the type that the examples `like` have."""
    from scipy.special import softmax

    xs, ys = np.linspace(*x_range, RESOLUTION), np.linspace(*y_range, RESOLUTION)
    points = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2).astype(like.load_x([0]).dtype)
    logits = model.logits(Examples.inputs_only(lambda i: points[i], len(points), "plane"), AT_ONCE).astype(float)
    grid = logits.T.reshape(-1, RESOLUTION, RESOLUTION)
    assert like.classes is not None
    return Plane(xs, ys, like.classes, _margins(grid), softmax(grid, axis=0))


def _margins(logits: np.ndarray) -> np.ndarray:
    """The logit of each class, (classes, …), less the greatest of all others."""
    best, second = np.sort(logits, axis=0)[-1:], np.sort(logits, axis=0)[-2:-1]
    return logits - np.where(logits == best, second, best)


def column_distances(learned: np.ndarray, true: np.ndarray) -> np.ndarray:
    """The share of each column in which two functions (y, x) have different signs, (x,).

    Between two points of a column both are taken to be linear: one changes its sign at a share α of the way, the other at β, where 1 stands
    for "not at all". Then they differ on |α − β| of it if they agreed at its start, and else on the rest.
    """
    a, b = _crossings(learned), _crossings(true)
    apart = np.abs(a - b)
    agreed = (learned[:-1] > 0) == (true[:-1] > 0)
    return np.where(agreed, apart, 1 - apart).mean(axis=0)


def _crossings(values: np.ndarray) -> np.ndarray:
    """Where between a point and the next, as a share of the way, the sign changes; 1 where it does not. (y − 1, x)."""
    start, end = values[:-1], values[1:]
    changes = (start > 0) != (end > 0)
    return np.divide(start, start - end, out=np.ones(start.shape), where=changes)

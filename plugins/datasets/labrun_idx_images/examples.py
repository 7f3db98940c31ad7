"""Images of all members as examples, read from disk when they are needed."""

from __future__ import annotations

import numpy as np

from labrun import Ensemble, Examples

__all__ = ["make_examples"]


def make_examples(simulation: Ensemble, images: str, labels: str, classes: tuple[str, ...]) -> Examples:
    """Make examples x (height, width), y int64, each a group of its own.

    Raises:
        ValueError: a label has no name, or images and labels differ in number or, among members, in size.
    """
    shapes = [simulation.shape(member, images) for member in range(len(simulation))]
    answers = [np.asarray(simulation.read(member, labels), np.int64) for member in range(len(simulation))]
    for shape, y in zip(shapes, answers, strict=True):
        if shape[1:] != shapes[0][1:]:
            raise ValueError(f"images of '{simulation.name}' differ in size: {shapes[0][1:]} and {shape[1:]}")
        if y.shape != shape[:1]:
            raise ValueError(
                f"'{simulation.name}' has images of shape {shape} and labels of shape {y.shape}: give a label for each image"
            )
    y = np.concatenate(answers)
    if y.max(initial=0) >= len(classes) or y.min(initial=0) < 0:
        raise ValueError(
            f"'{simulation.name}' has labels from {y.min()} to {y.max()}, but 'classes' names {len(classes)} of them, numbered from 0: "
            f"{', '.join(classes)}"
        )
    starts = np.cumsum([0, *(shape[0] for shape in shapes)])

    def load_x(indices: np.ndarray) -> np.ndarray:
        x = np.empty((len(indices), *shapes[0][1:]), np.uint8)
        member_of = np.searchsorted(starts, indices, side="right") - 1
        for member in np.unique(member_of):
            inside = member_of == member
            x[inside] = _read_rows(simulation, int(member), images, indices[inside] - starts[member])
        return x

    return Examples(load_x, lambda indices: y[indices], np.arange(len(y)), classes=classes)


def _read_rows(simulation: Ensemble, member: int, name: str, rows: np.ndarray) -> np.ndarray:
    """Read rows in any order, perhaps some twice; HDF5 reads them in ascending order, once each."""
    distinct, back = np.unique(rows, return_inverse=True)
    first, last = int(distinct[0]), int(distinct[-1]) + 1
    if last - first == len(distinct):
        return simulation.read(member, name, slice(first, last))[back]
    return simulation.read(member, name, distinct)[back]

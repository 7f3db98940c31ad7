"""Find the sizes of a network's inputs, and the input that is a picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from labrun import ArraySpec, Examples, TrainedModel
from labrun_receptive_field.graph import Shape, open_graph

__all__ = ["first_picture", "image_like", "input_shapes"]


def input_shapes(model: TrainedModel, dataset: Examples | None) -> dict[str, Shape]:
    """Return the shape of one example at each input of a network, by name, in the order of the network.

    Sizes that the network leaves open are taken from the dataset, or from its training examples.

    Raises:
        ValueError: the examples do not fit, or the network has no graph.
    """
    x = (dataset or model).spec.x
    inputs = open_graph(model.network).inputs
    name = f"'{dataset.name}'" if dataset is not None else "its training"
    shapes = {}
    for one in inputs:
        spec = x.get(one.name) if isinstance(x, dict) else x if len(inputs) == 1 else None
        if spec is None or not _fits(spec, tuple(one.shape[1:])):
            raise ValueError(
                f"its input '{one.name}' takes shape {_in_words(one.shape[1:])}, but the examples of {name} have {_shapes(x)}"
            )
        shapes[one.name] = spec.shape
    return shapes


def image_like(shapes: dict[str, Shape]) -> str:
    """Return the name of the input with the most axes, the first of several."""
    return max(shapes, key=lambda name: len(shapes[name]))


def first_picture(dataset: Examples, name: str) -> np.ndarray:
    """Return the first example at an input, without the batch."""
    x = dataset.load_x([0])
    return np.asarray(x[name] if isinstance(x, dict) else x)[0]


def _fits(spec: ArraySpec, wanted: tuple[int | None, ...]) -> bool:
    return len(spec.shape) == len(wanted) and all(w in (None, s) for w, s in zip(wanted, spec.shape, strict=True))


def _in_words(shape: Any) -> str:
    return f"({', '.join('any' if n is None else str(n) for n in shape)})"


def _shapes(x: ArraySpec | dict[str, ArraySpec]) -> str:
    if isinstance(x, dict):
        return ", ".join(f"'{name}' of {_in_words(one.shape)}" for name, one in x.items())
    return _in_words(x.shape)

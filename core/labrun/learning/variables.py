"""Everything that training changes in a model: its own variables and those of all its optimizers, read and written as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labrun.contracts.backend import load_keras

if TYPE_CHECKING:
    import keras
    import numpy as np

__all__ = ["assign", "optimizers_of", "shapes_of", "values_of"]


def optimizers_of(model: keras.Model) -> list[keras.optimizers.Optimizer]:
    """Return the optimizer that the model was compiled with, and those among its attributes: a network and its adversary have two."""
    kind = load_keras().optimizers.Optimizer
    others = [value for _, value in sorted(vars(model).items()) if isinstance(value, kind)]
    return [model.optimizer, *(optimizer for optimizer in others if optimizer is not model.optimizer)]


def values_of(model: keras.Model) -> list[np.ndarray]:
    """Return copies of all variables; `assign` writes them back."""
    import numpy as np

    convert = load_keras().ops.convert_to_numpy
    return [np.array(convert(variable.value)) for variable in _variables_of(model)]


def shapes_of(model: keras.Model) -> list[tuple[int, ...]]:
    """Return the shapes of the arrays that `values_of` returns."""
    return [tuple(variable.shape) for variable in _variables_of(model)]


def assign(model: keras.Model, values: list[np.ndarray]) -> None:
    """Give a model that was built the same way the values that `values_of` returned."""
    for variable, value in zip(_variables_of(model), values, strict=True):
        variable.assign(value)


def _variables_of(model: keras.Model) -> list[keras.Variable]:
    """Return each variable once, in a fixed order."""
    variables = [*model.variables, *(v for optimizer in optimizers_of(model) for v in optimizer.variables)]
    return list({id(variable): variable for variable in variables}.values())

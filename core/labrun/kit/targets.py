"""Targets: values of a column or an array as `y`, a number or a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from labrun.contracts.examples import Quantity

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Scale", "Target", "make_target"]

Scale: TypeAlias = Literal["linear", "log", "class"]
"""The value itself, its binary logarithm, or each distinct value as a class"""


@dataclass(frozen=True)
class Target:
    """`y`, one entry for each value: numbers of classes (int64) with their names, or numbers (float32) with their quantity."""

    y: np.ndarray
    classes: list[str] | None = None
    quantity: Quantity | None = None


def make_target(values: Sequence[Any] | np.ndarray, name: str, scale: Scale, unit: str = "") -> Target:
    """Make a target of values (n, …) of the column or array `name`, in its `unit`, on a scale. Classes are the distinct values, ascending.

    Raises:
        ValueError: a value is a text, or has no logarithm, but the scale needs it.
    """
    import numpy as np

    if scale == "class":
        kinds, numbers = np.unique(np.asarray(values), return_inverse=True)
        return Target(numbers.astype(np.int64), _class_names(kinds))
    try:
        given = np.asarray(values, np.float64)
    except ValueError:
        raise ValueError(f"'{name}' holds texts: use 'scale: class' to make them classes") from None
    if scale == "log" and not (given > 0).all():
        raise ValueError(
            f"'{name}' holds {given.min():g}, which has no logarithm: use 'scale: linear' to take values as they are"
        )
    quantity = Quantity(name, unit, "log2" if scale == "log" else "linear")
    return Target(quantity.scaled(given).astype(np.float32), None, quantity)


def _class_names(kinds: np.ndarray) -> list[str]:
    """Return values as people write them, with as many digits as distinguish them."""
    if kinds.dtype.kind != "f":
        return [str(kind) for kind in kinds]
    names = [f"{kind:.4g}" for kind in kinds]
    return names if len(set(names)) == len(names) else [repr(float(kind)) for kind in kinds]

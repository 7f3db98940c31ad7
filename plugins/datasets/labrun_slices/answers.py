"""What is to be told of a slice, where it is a number or a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labrun import Ensemble, Quantity, did_you_mean
from labrun_slices.places import Places, shape_of


@dataclass(frozen=True)
class Answer:
    """A number or the number of a class for each example."""

    y: NDArray
    classes: list[str] | None = None
    quantity: Quantity | None = None

    def load(self, indices: NDArray[np.int64]) -> NDArray:
        """Those of some examples."""
        return self.y[indices]


def find_answer(simulation: Ensemble, y: str | None, scale: str, unit: str, places: Places) -> Answer | None:
    """The answers that the column or array `y` gives, or None where it is a picture: a cube like those of x, or x itself.

    Raises:
        ValueError: there is no such column or array, it has another shape, or its values do not suit the scale.
    """
    if y is None:
        return None
    if y in simulation.columns:
        return _encoded(simulation.columns[y], places.member, y, scale, unit)
    if y not in simulation.names:
        known = [*simulation.columns, *simulation.names]
        raise ValueError(
            f"'{simulation.name}' has no column and no array '{y}'{did_you_mean(y, known)}; it has {', '.join(known)}"
        )
    shapes = [shape_of(simulation, member, y) for member in range(len(simulation))]
    if shapes == places.shapes:
        return None
    if set(shapes) == {()}:
        return _encoded([simulation.read(m, y).item() for m in range(len(simulation))], places.member, y, scale, unit)
    if shapes == [shape[2:] for shape in places.shapes] and set(places.axis) == {2}:
        first = np.cumsum([0, *(planes for (planes,) in shapes)])
        values = np.concatenate([simulation.read(member, y) for member in range(len(simulation))])
        of_examples = values[first[places.member] + places.position]  # of planes that are not taken, no class is made
        return _encoded(of_examples, np.arange(len(places)), y, scale, unit)
    wrong = next((s for s, cube in zip(shapes, places.shapes, strict=True) if s != cube), ())
    raise ValueError(
        f"'{y}' of '{simulation.name}' has the shape {wrong} beside cubes of {places.shapes[0]}; expected a number, (), a cube of the same "
        "shape, or with axes: [2] a number for each plane along the last axis"
    )


def _encoded(values: Sequence[Any] | NDArray, place: NDArray, name: str, scale: str, unit: str) -> Answer:
    """`values` as y, of which example i has that at `place[i]`."""
    if scale == "class":
        kinds, numbers = np.unique(values, return_inverse=True)
        return Answer(numbers.astype(np.int64)[place], _class_names(kinds))
    try:
        given = np.asarray(values, np.float64)
    except ValueError:
        raise ValueError(f"'{name}' holds texts: 'scale: class' takes them as classes") from None
    if scale == "log" and not (given > 0).all():
        raise ValueError(f"'{name}' holds {given.min():g}, which has no logarithm: 'scale: linear' takes it as it is")
    quantity = Quantity(name, unit, "log2" if scale == "log" else "linear")
    return Answer(quantity.scaled(given).astype(np.float32)[place], None, quantity)


def _class_names(kinds: NDArray) -> list[str]:
    """Values as people write them, with as many digits as tell them apart."""
    if kinds.dtype.kind != "f":
        return [str(kind) for kind in kinds]
    names = [f"{kind:.4g}" for kind in kinds]
    return names if len(set(names)) == len(names) else [repr(float(kind)) for kind in kinds]

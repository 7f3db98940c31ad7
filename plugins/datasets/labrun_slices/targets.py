"""Find the target of each slice, where it is a number or a class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from labrun import Ensemble, did_you_mean
from labrun.kit.targets import Scale, Target, make_target
from labrun_slices.places import Places, shape_of


def find_target(simulation: Ensemble, y: str | None, scale: Scale, unit: str, places: Places) -> Target | None:
    """Make the targets of all slices from the column or array `y`; None if they are pictures: a cube like those of x, or x itself.

    Raises:
        ValueError: there is no such column or array, it has another shape, or its values do not suit the scale.
    """
    if y is None:
        return None
    if y in simulation.columns:
        return _taken(make_target(simulation.columns[y], y, scale, unit), places.member)
    if y not in simulation.names:
        known = [*simulation.columns, *simulation.names]
        raise ValueError(
            f"'{simulation.name}' has no column and no array '{y}'{did_you_mean(y, known)}; it has {', '.join(known)}"
        )
    shapes = [shape_of(simulation, member, y) for member in range(len(simulation))]
    if shapes == places.shapes:
        return None
    if set(shapes) == {()}:
        numbers = [simulation.read(member, y).item() for member in range(len(simulation))]
        return _taken(make_target(numbers, y, scale, unit), places.member)
    if shapes == [shape[2:] for shape in places.shapes] and set(places.axis) == {2}:
        first = np.cumsum([0, *(planes for (planes,) in shapes)])
        values = np.concatenate([simulation.read(member, y) for member in range(len(simulation))])
        of_examples = values[first[places.member] + places.position]  # planes that are not used make no class
        return make_target(of_examples, y, scale, unit)
    wrong = next((s for s, cube in zip(shapes, places.shapes, strict=True) if s != cube), ())
    raise ValueError(
        f"'{y}' of '{simulation.name}' has the shape {wrong} beside cubes of {places.shapes[0]}; expected a number, (), a cube of the same "
        "shape, or with axes: [2] a number for each plane along the last axis"
    )


def _taken(target: Target, place: NDArray) -> Target:
    """Give example i the target of the value at `place[i]`."""
    return replace(target, y=target.y[place])

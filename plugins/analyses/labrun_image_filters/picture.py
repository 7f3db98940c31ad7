"""Read the picture to be filtered."""

from __future__ import annotations

import numpy as np

from labrun import Ensemble

__all__ = ["read_picture"]


def read_picture(simulation: Ensemble, array: str, member: int, index: int) -> np.ndarray:
    """Return one image of a member, (height, width) float64.

    Raises:
        ValueError: there is no such member or image, or the array does not hold images.
    """
    if member not in simulation.numbers:
        known = f"it has {_listed(simulation.numbers)}" if simulation.numbers else "it has none"
        raise ValueError(f"the simulation '{simulation.name}' has no member {member}: {known}")
    place = simulation.numbers.index(member)
    shape = simulation.shape(place, array) if array in simulation.names else ()
    if array in simulation.names and (len(shape) not in (2, 3) or 0 in shape):
        raise ValueError(
            f"'{array}' of member {member} of '{simulation.name}' has the shape {shape}; expected (height, width) or (images, height, "
            "width), none of them 0: name another array"
        )
    images = shape[0] if len(shape) == 3 else 1
    if index >= images:
        raise ValueError(
            f"'{array}' of member {member} of '{simulation.name}' has no image {index}: it has {_listed(list(range(images)))}"
        )
    return simulation.read(place, array, index if len(shape) == 3 else ()).astype(np.float64)


def _listed(numbers: list[int]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{len(numbers)}, {numbers[0]} to {numbers[-1]}"

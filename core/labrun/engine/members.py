"""Simulate one member, and check what its simulator returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labrun.contracts.plugin import Arrays, Simulator

if TYPE_CHECKING:
    import numpy as np

__all__ = ["simulate_member"]

LONGEST_NAME = 200
"""Characters that the name of an array may have."""
MOST_AXES = 32
"""Axes that an array in HDF5 can have."""


def simulate_member(plugin: Simulator, rng: np.random.Generator) -> Arrays:
    """Simulate one member and check the arrays.

    Raises:
        TypeError: the simulator does not return named arrays of numbers, or not those that it declares.
        FloatingPointError: an array holds a NaN or an infinity.
    """
    import numpy as np

    returned = plugin.simulate(rng)
    if not isinstance(returned, dict) or not returned:
        found = type(returned).__name__ if not isinstance(returned, dict) else "an empty one"
        raise TypeError(f"{plugin.name}.simulate must return a dict of arrays, not {found}")
    for name in returned:
        if not isinstance(name, str) or not _names_an_array(name):
            shown = f"{name!r:.100}"
            raise TypeError(
                f"{plugin.name} returned an array named {shown}; a name is a text of printable characters without '/'"
            )
    declared = plugin.declared_outputs()
    lacking = [name for name in declared if name not in returned and plugin.gives(name) is not False]
    if declared and (lacking or not set(returned) <= set(declared)):
        raise TypeError(f"{plugin.name} declares the outputs {sorted(declared)} but returned {sorted(returned)}")
    arrays = {name: _array(plugin, name, value) for name, value in returned.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "biufc":
            raise TypeError(f"{plugin.name} returned '{name}' as an array of {array.dtype}: expected numbers")
        if array.ndim > MOST_AXES:
            raise TypeError(f"{plugin.name} returned '{name}' with {array.ndim} axes: HDF5 stores up to {MOST_AXES}")
        if array.dtype.kind in "fc" and not np.isfinite(array).all():
            raise FloatingPointError(f"the array '{name}' holds a NaN or an infinity")
    return arrays


def _names_an_array(name: str) -> bool:
    return name.isprintable() and 0 < len(name) <= LONGEST_NAME and "/" not in name and not name.startswith(".")


def _array(plugin: Simulator, name: str, value: Any) -> np.ndarray:
    import numpy as np

    parts = value if isinstance(value, (list, tuple)) else [value]
    if any(np.ma.is_masked(part) for part in parts):
        raise TypeError(
            f"{plugin.name} returned '{name}' as a masked array, whose mask would be lost: fill it, and return the mask as an array of its "
            "own"
        )
    try:
        return np.asarray(value)
    except ValueError as error:  # lists of unlike lengths
        raise TypeError(
            f"{plugin.name} returned '{name}' as a {type(value).__name__} that is not an array: {error}"
        ) from error

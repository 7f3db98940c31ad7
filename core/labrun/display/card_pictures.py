"""Thumbnails of members and examples whose arrays are pictures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from labrun.contracts.ensemble import Ensemble
from labrun.kit.thumbnails import Sprites

if TYPE_CHECKING:
    import numpy as np

    from labrun.contracts.examples import Examples

__all__ = ["thumbnails_of_examples", "thumbnails_of_members"]

SHOWN = 8
PER_ROW = 8
LEAST, MOST = 8, 2**22
"""Cells along a side below which an array is not a picture, and values above which it is not read for a thumbnail."""


def thumbnails_of_members(ensemble: Ensemble) -> tuple[str, bytes | None]:
    """Return the name of the first array of pictures, and thumbnails of members spread over the sweep as PNG."""
    count = min(SHOWN, len(ensemble))
    places = [i * len(ensemble) // count for i in range(count)]
    for name in ensemble.names:
        shape = ensemble.shape(0, name)
        selection = _plane(shape)
        if selection is not None and all(ensemble.shape(i, name) == shape for i in places):
            return name, _sheet([ensemble.read(i, name, selection) for i in places])
    return "", None


def thumbnails_of_examples(examples: Examples) -> bytes | None:
    """Return thumbnails of the first examples as PNG; None where they are not pictures."""
    x = examples.spec.x if len(examples) else None
    if x is None or isinstance(x, dict) or math.prod(x.shape) > MOST // SHOWN:
        return None
    selection = _plane(x.shape)
    if selection is None:
        return None
    loaded = examples.load_x(slice(0, SHOWN))
    return _sheet([array[selection] for array in loaded])


def _plane(shape: tuple[int, ...]) -> Any:
    """The index of a picture in an array: all of (height, width), the last frame of (height, width, frames), the last snapshot of
    (snapshots, height, width); None for other shapes."""
    if 0 in shape:
        return None
    if len(shape) == 2 and min(shape) >= LEAST and math.prod(shape) <= MOST:
        return ()
    if len(shape) == 3 and min(shape[:2]) >= LEAST and shape[2] <= min(shape[:2]):
        return (..., -1)
    if len(shape) == 3 and min(shape[1:]) >= LEAST:
        return -1
    return None


def _sheet(pictures: list[np.ndarray]) -> bytes | None:
    import numpy as np

    if not all(np.isfinite(picture).all() and picture.dtype.kind in "biuf" for picture in pictures):
        return None
    small = Ensemble.from_arrays([{"x": picture} for picture in pictures], {})
    return Sprites.draw(small, "x", -1, "viridis").picture(range(len(pictures)), PER_ROW)

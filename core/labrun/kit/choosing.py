"""Choose some of many members, examples or values, evenly."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["evenly"]


def evenly(count: int, most: int) -> np.ndarray:
    """Return at most `most` of the indices 0 … count − 1, evenly spaced, with the first and the last: (chosen,) int64, ascending."""
    import numpy as np

    return np.rint(np.linspace(0, count - 1, min(most, count))).astype(np.int64)

"""Batches: many examples, or members, some at a time, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["batches"]


def batches(count: int, size: int) -> Iterator[np.ndarray]:
    """Yield the indices 0 … count − 1 in their order, at most `size` at a time, each (n,) int64."""
    import numpy as np

    return (np.arange(start, min(start + size, count)) for start in range(0, count, size))

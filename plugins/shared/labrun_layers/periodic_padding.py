"""Pad periodic images in a network."""

from __future__ import annotations

from typing import Any

__all__ = ["apply_periodic_padding"]


def apply_periodic_padding(x: Any, kernel: int | tuple[int, int]) -> Any:
    """Continue images, (batch, height, width, channels), over their edges, so that a convolution without padding keeps their size (at
    stride 1). `kernel` is the size of the convolution, or its height and width."""
    for axis, size in enumerate((kernel, kernel) if isinstance(kernel, int) else kernel, start=1):
        x = _wrap(x, axis, (size - 1) // 2, size // 2)
    return x


def _wrap(x: Any, axis: int, before: int, after: int) -> Any:
    """Repeat the last `before` positions before the first, and the first `after` behind the last."""
    from keras import ops

    if not before and not after:
        return x
    places = (slice(None),) * axis
    first = [x[(*places, slice(-before, None))]] if before else []
    return ops.concatenate([*first, x, x[(*places, slice(None, after))]], axis=axis)

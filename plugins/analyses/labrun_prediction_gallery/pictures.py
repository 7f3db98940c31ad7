"""Convert examples to pictures that Matplotlib can show."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["as_pictures"]


def as_pictures(x: Any, name: str) -> np.ndarray:
    """Return (n, height, width), or (n, height, width, 3) with colours from 0 to 1, of examples of the dataset `name`.

    Raises:
        ValueError: x are not pictures, or their colours neither bytes nor numbers from 0 to 1.
    """
    shape = "several arrays" if isinstance(x, dict) else f"the shape {x.shape[1:]}"
    if isinstance(x, dict) or not (x.ndim == 3 or (x.ndim == 4 and x.shape[-1] in (1, 3))):
        raise ValueError(
            f"a gallery shows pictures, (height, width), (height, width, 1) or (height, width, 3); x of '{name}' has {shape}"
        )
    if x.ndim == 3 or x.shape[-1] == 1:
        return x.reshape(x.shape[:3])
    if x.dtype == np.uint8:
        return x / 255
    if x.min() < 0 or x.max() > 1:
        raise ValueError(
            f"colours must be bytes, or numbers from 0 to 1; x of '{name}' is {x.dtype}, from {x.min():g} to {x.max():g}"
        )
    return x

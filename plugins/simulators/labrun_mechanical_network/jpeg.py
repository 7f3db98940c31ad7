"""Save a picture as JPEG and read it again."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def through_jpeg(picture: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Return a grey picture as JPEG of this quality (1 to 95) preserves it."""
    stream = BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality)
    return np.array(Image.open(stream, formats=("JPEG",)))

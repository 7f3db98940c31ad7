"""Reading a picture file as grey levels."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

KINDS = ("PNG", "TIFF", "JPEG")
PIXELS_AT_MOST = 2**26
DEEP = ("I;16", "I;16L", "I;16B", "I;16N")
"""Pillow's modes of 16 bits a pixel."""


def read_grey(path: Path) -> NDArray[np.uint8]:
    """The picture as grey levels, (height, width), 0 black and 255 white.

    Raises:
        ValueError: it is none, is damaged, holds several, holds numbers of 32 bits, or has more than `PIXELS_AT_MOST` pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is lower
            picture = Image.open(path, formats=KINDS)
        with picture:
            _check(path, picture)
            upright = ImageOps.exif_transpose(picture)
            if upright.mode in DEEP:  # convert would cut them off at 255
                return np.rint(np.asarray(upright).astype(np.float64) * (255 / 65535)).astype(np.uint8)
            return np.array(upright.convert("L"))
    except Image.DecompressionBombError:
        raise ValueError(_too_large(path, "far more than that")) from None
    except UnidentifiedImageError:
        raise ValueError(f"'{path}' is no picture of a known kind: expected a file of {', '.join(KINDS)}") from None
    except (_Unfit, MemoryError):
        raise
    except Exception as error:  # Pillow raises a dozen kinds for damaged files
        said = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"cannot read the picture '{path}': {said}") from error


class _Unfit(ValueError):
    """The picture is sound, but not what is wanted."""


def _check(path: Path, picture: Image.Image) -> None:
    width, height = picture.size
    if width * height > PIXELS_AT_MOST:
        raise _Unfit(_too_large(path, f"{height} × {width}"))
    if (count := getattr(picture, "n_frames", 1)) > 1:
        raise _Unfit(f"'{path}' holds {count} pictures: save the one that is meant as a file of its own")
    if picture.mode in ("I", "F"):
        raise _Unfit(
            f"'{path}' holds numbers of 32 bits, and nothing tells which of them is white: save it with 8 or 16 bits a pixel"
        )


def _too_large(path: Path, size: str) -> str:
    return f"'{path}' has too many pixels: at most {PIXELS_AT_MOST:,} are read, it has {size}; cut out a part of it"

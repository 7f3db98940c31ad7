"""Reading a picture file as grey levels or colours of 8 bits."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from labrun.kit.pictures import KINDS

Channels = Literal["grey", "rgb"]


def read_picture(path: Path, channels: Channels, shape: tuple[int, int] | None) -> tuple[NDArray[np.uint8], str]:
    """The picture, (height, width) or (height, width, 3), 255 white, resampled to `shape` (height, width); and its size before, in words.

    Colour becomes grey as 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), 16 bits become 8, what is transparent becomes white, and a
    photograph is turned upright. Resampling is linear, over all pixels that a new one covers.

    Raises:
        ValueError: it is no picture, is damaged, has far too many pixels, or holds numbers of 32 bits.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(path, formats=KINDS)
        with picture:
            upright = _in_8_bits(path, ImageOps.exif_transpose(picture))
    except UnidentifiedImageError:
        raise ValueError(f"'{path}' is no picture: expected a file that Pillow reads, PNG, JPEG, TIFF, …") from None
    except (_Unfit, MemoryError):
        raise
    except Exception as error:  # Pillow raises a dozen kinds for damaged and enormous files
        said = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"cannot read the picture '{path}': {said}") from error
    flat = upright.convert("L" if channels == "grey" else "RGB")
    resampled = flat.resize(shape[::-1], Image.Resampling.BILINEAR) if shape else flat
    return np.array(resampled), f"{flat.height} × {flat.width}"


class _Unfit(ValueError):
    """The picture is sound, but not what is wanted."""


def _in_8_bits(path: Path, picture: Image.Image) -> Image.Image:
    """Grey levels or colours of 8 bits, over white."""
    if picture.mode in ("I", "F"):
        raise _Unfit(
            f"'{path}' holds numbers of 32 bits, and nothing tells which of them is white: save it with 8 or 16 bits a pixel"
        )
    if picture.mode.startswith("I;16"):  # convert would cut them off at 255
        return Image.fromarray(np.rint(np.asarray(picture) / 257).astype(np.uint8))
    if picture.has_transparency_data:
        ink = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", ink.size, "white"), ink)
    picture.load()
    return picture

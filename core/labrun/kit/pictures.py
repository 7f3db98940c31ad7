"""Read other people's picture files, in the same way for training, for prediction and in every plugin."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["KINDS", "SUFFIXES", "Channels", "grey_or_rgb", "has_colours", "open_picture", "page_count", "read_picture"]

KINDS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "PPM")
"""The formats that are read, recognised by content. Pillow would hand PostScript to Ghostscript, which runs programs."""
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".ppm", ".pgm", ".pbm", ".pnm")
"""The suffixes by which pictures are found in a folder."""
MAX_PIXELS = 2**26

Channels: TypeAlias = Literal["grey", "rgb"]

_BITS_PER_SAMPLE, _PHOTOMETRIC = 258, 262
"""TIFF tags. Pillow scales and inverts grey levels by them, except those of more than 8 bits."""


def read_picture(path: Path, channels: Channels = "grey") -> NDArray[np.uint8]:
    """Read the only picture of a file: (height, width) grey levels or (height, width, 3) colours, see `grey_or_rgb`.

    Raises:
        ValueError: the file holds several pictures, or see `open_picture` and `grey_or_rgb`.
    """
    with open_picture(path) as picture:
        if (count := page_count(picture)) > 1:
            raise ValueError(f"it holds {count} pictures; save the one that you need as a file of its own")
        return grey_or_rgb(picture, channels)


@contextmanager
def open_picture(path: Path) -> Iterator[Image]:
    """Open a picture without reading its pixels. Faults raised inside the context get the file's name, too.

    Raises:
        ValueError: the file is damaged (which may show only as its pixels are read), is not of one of the `KINDS`, or has more than
            67,108,864 pixels.
    """
    from PIL import Image, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about sizes, for which our limit is lower, and about damaged details
        try:
            with Image.open(path, formats=KINDS) as picture:
                _expect_size(*picture.size)
                yield picture
        except MemoryError:  # this number of pixels needs little
            raise _unreadable(path, "it claims more memory than this machine has, so it is damaged") from None
        except Image.DecompressionBombError:
            raise _unreadable(path, f"it has far more than {MAX_PIXELS:,} pixels; cut out a part of it") from None
        except UnidentifiedImageError:
            raise _unreadable(path, f"it is not a picture of a known kind ({', '.join(KINDS)})") from None
        except Exception as error:  # Pillow raises a dozen kinds for damaged files
            problem = " ".join(str(error).split()) or f"it is damaged ({type(error).__name__})"
            raise _unreadable(path, problem) from error


def page_count(picture: Image) -> int:
    """Count the pictures in a file: pages of a TIFF, frames of a GIF, WebP or PNG. Use Pillow's `picture.seek` to get to one.

    A JPEG of a telephone counts as one: its other pictures are previews, depth or brightness of the first, and viewers show none of them.
    """
    return 1 if picture.format == "MPO" else int(getattr(picture, "n_frames", 1))


def has_colours(picture: Image) -> bool:
    """Check whether a picture is stored with colours, be they all grey."""
    return picture.mode in ("RGB", "RGBA", "RGBX", "RGBa", "P", "PA", "CMYK", "YCbCr", "LAB", "HSV")


def grey_or_rgb(picture: Image, channels: Channels) -> NDArray[np.uint8]:
    """Return grey levels, (height, width), or colours, (height, width, 3): uint8, 0 black, 255 white.

    Colours become grey as 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), and 16 bits become 8 (65535 becomes 255). What is transparent
    becomes white, and a photograph is turned upright as its EXIF data say.

    Raises:
        ValueError: the picture holds numbers of 32 bits, of which none is known to be white.
    """
    import numpy as np
    from PIL import ImageOps

    flat = _over_white(ImageOps.exif_transpose(picture), picture)
    return np.array(flat.convert("L" if channels == "grey" else "RGB"))


def _over_white(upright: Image, picture: Image) -> Image:
    """Return the picture with 8 bits a channel, over white. `picture` knows how its file stores grey levels."""
    from PIL import Image

    if upright.mode in ("I", "F"):
        raise ValueError(
            "it holds numbers of 32 bits, and none is known to be white; save it with 8 or 16 bits a pixel, or give the numbers as .npy"
        )
    if upright.mode.startswith("I;16"):  # convert would clip them at 255
        return Image.fromarray(_deep_levels(upright, picture))
    if upright.has_transparency_data:
        ink = upright.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", ink.size, "white"), ink)
    return upright


def _deep_levels(upright: Image, picture: Image) -> NDArray[np.uint8]:
    """Scale grey levels of 9 to 16 bits to 8 bits."""
    import numpy as np

    tags = getattr(picture, "tag_v2", {})
    white = 2 ** tags.get(_BITS_PER_SAMPLE, (16,))[0] - 1
    deep = np.asarray(upright)
    levels = np.rint(deep / (white / 255)).astype(np.uint8)
    if tags.get(_PHOTOMETRIC) == 0:  # white is zero
        levels = 255 - levels
    if "transparency" in picture.info:  # the one grey level that is
        levels[deep == picture.info["transparency"]] = 255
    return levels


def _unreadable(path: Path, problem: str) -> ValueError:
    return ValueError(f"cannot read the picture '{path}': {problem}")


def _expect_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ValueError(f"it has {height} × {width} pixels; at most {MAX_PIXELS:,} are read, so cut out a part of it")

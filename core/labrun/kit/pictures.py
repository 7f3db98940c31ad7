"""Picture files from others, opened with care."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from labrun.faults import LabrunError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["KINDS", "open_picture"]

KINDS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "PPM")
"""What Pillow reads by itself, whatever a file is called: it would hand PostScript to Ghostscript, which is a programming language."""
PIXELS_AT_MOST = 2**26


@contextmanager
def open_picture(path: Path) -> Iterator[Image]:
    """Open a picture; its pixels are not yet read.

    Raises:
        ValueError: it is none, none of these kinds, or damaged (which may show only as its pixels are read), or has more than 67,108,864
            pixels.
    """
    from PIL import Image, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sizes, whose limit here is lower, and of details that are damaged
        try:
            with Image.open(path, formats=KINDS) as picture:
                _expect_size(*picture.size)
                yield picture
        except LabrunError:
            raise
        except MemoryError:  # so few pixels need little
            raise ValueError("it claims more memory than there is: it is damaged") from None
        except Image.DecompressionBombError:
            raise ValueError(f"it has far more than {PIXELS_AT_MOST:,} pixels: cut out a part of it") from None
        except UnidentifiedImageError:
            raise ValueError(f"it is no picture of a known kind ({', '.join(KINDS)})") from None
        except Exception as error:  # Pillow raises a dozen kinds for damaged files
            raise ValueError(" ".join(str(error).split()) or f"it is damaged ({type(error).__name__})") from error


def _expect_size(width: int, height: int) -> None:
    if width * height > PIXELS_AT_MOST:
        raise ValueError(f"it has {height} × {width} pixels; at most {PIXELS_AT_MOST:,} are read: cut out a part of it")

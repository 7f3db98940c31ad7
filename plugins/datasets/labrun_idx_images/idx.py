"""The IDX format: a header of big-endian numbers, then the values of an array, the last axis fastest.

    00 00 type axes | length of each axis, 4 bytes each | values

The values are read directly into the returned array, so that memory holds them once.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, Literal, cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["read_idx"]

AXES = {"images": 3, "labels": 1}
UNSIGNED_BYTES = 0x08
TYPES = {
    UNSIGNED_BYTES: "unsigned bytes",
    0x09: "signed bytes",
    0x0B: "16-bit integers",
    0x0C: "32-bit integers",
    0x0D: "32-bit floats",
    0x0E: "64-bit floats",
}
GZIP = b"\x1f\x8b"
AT_ONCE = 2**20
"""Bytes that are requested of gzip at once, of which it holds a copy"""
MOST_EXPANSION = 1032
"""Most bytes that one byte written by gzip (deflate) can unpack to"""


def read_idx(path: Path, kind: Literal["images", "labels"]) -> np.ndarray:
    """Read a file, compressed or not: `images` (images, height, width), or `labels` (images,); uint8.

    Raises:
        ValueError: it is not an IDX file, holds something else, ends too early or too late, or its compression is damaged.
    """
    with path.open("rb") as file:
        compressed = file.read(2) == GZIP
    most = path.stat().st_size * (MOST_EXPANSION if compressed else 1)
    try:
        with cast(BinaryIO, gzip.open(path)) if compressed else path.open("rb") as stream:
            shape = _read_header(stream, path, kind)
            size = math.prod(shape)
            if size > most:  # before so much memory is asked for
                raise ValueError(_about_end(path, shape, f"it can hold no more than {most:,}"))
            values = np.empty(shape, np.uint8)
            filled = _fill(stream, values)
            if filled < size:
                raise ValueError(_about_end(path, shape, f"it ends after {filled:,}"))
            if stream.read(1):
                raise ValueError(_about_end(path, shape, "there are more"))
            return values
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(
            f"'{path}' is compressed by gzip, and damaged or cut off ({str(error).rstrip('.')}): fetch it again"
        ) from error


def _read_header(stream: BinaryIO, path: Path, kind: str) -> tuple[int, ...]:
    """Read the length of each axis."""
    start = stream.read(4)
    if len(start) < 4:
        raise ValueError(f"'{path}' is not an IDX file: it has {len(start)} bytes, fewer than its header")
    if start[:2] != b"\0\0":
        raise ValueError(
            f"'{path}' is not an IDX file: such files begin with two bytes 0, this one with {start!r}. Was a web page saved instead?"
        )
    if start[2] != UNSIGNED_BYTES:
        found = TYPES.get(start[2], "a type unknown to IDX")
        raise ValueError(
            f"'{path}' holds {found} (type code 0x{start[2]:02x}); {kind} are unsigned bytes (type code 0x08)"
        )
    if start[3] != AXES[kind]:
        other = next((name for name, axes in AXES.items() if axes == start[3]), None)
        hint = f": it is a file of {other}. Are the two swapped?" if other else ""
        axes = f"{start[3]} axis" if start[3] == 1 else f"{start[3]} axes"
        raise ValueError(f"'{path}' holds an array of {axes}; {kind} have {AXES[kind]}{hint}")
    lengths = stream.read(4 * start[3])
    if len(lengths) < 4 * start[3]:
        raise ValueError(f"'{path}' ends within its header, which should contain the lengths of {start[3]} axes")
    shape = struct.unpack(f">{start[3]}I", lengths)
    if 0 in shape:
        raise ValueError(f"'{path}' holds no {kind}: the shape in its header is {shape}")
    return shape


def _fill(stream: BinaryIO, values: NDArray[np.uint8]) -> int:
    """Read bytes into an array until it is full or there are no more, and return their number."""
    places = memoryview(values.reshape(-1))  # type: ignore[arg-type]  # to mypy, arrays have no buffers before Python 3.12
    filled = 0
    while filled < len(places) and (count := stream.readinto(places[filled : filled + AT_ONCE])):  # type: ignore[attr-defined]
        filled += count
    return filled


def _about_end(path: Path, shape: tuple[int, ...], found: str) -> str:
    size = f"{math.prod(shape):,} bytes of values, {' × '.join(map(str, shape))}"
    return f"the header of '{path}' claims {size}, but {found}: the file is damaged or cut off. Fetch it again"

"""How much of what a file from somebody else tells of itself is believed.

A few kilobytes can claim, or unpack to, more than any memory holds. What no packing can explain is refused before it is read.
"""

from __future__ import annotations

import os
import tokenize
import zipfile
import zlib
from pathlib import Path

__all__ = ["DAMAGE", "expect_archive", "expect_memory", "expect_plausible"]

DAMAGE = (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, tokenize.TokenError)
"""What NumPy, h5py and zipfile raise for files that are damaged, or no such files."""
EXPANSION = 1032
"""No byte that deflate (gzip, zip, the filter of HDF5) has written stands for more bytes than these."""
FLOOR = 2**26
"""Bytes that are read whatever the size of the file: arrays of one value throughout take nearly no room."""


def expect_plausible(what: str, size: int, stored: int) -> None:
    """Refuse what claims to be `size` bytes large, but lies in a file of `stored` bytes.

    Raises:
        ValueError: it is more than 64 MiB, and more than 1032 times as large as the file; or more than the memory of this machine.
    """
    if size > max(FLOOR, EXPANSION * stored):
        raise ValueError(
            f"{what} claims {size:,} bytes, but its file has {stored:,}: no more than {EXPANSION} times as many are believed. The file is "
            "damaged, or was made to fill the memory; if it is sound, store the array without compression"
        )
    expect_memory(what, size)


def expect_memory(what: str, size: int) -> None:
    """Refuse to read at once what is larger than the memory of this machine.

    Raises:
        ValueError: it is.
    """
    if hasattr(os, "sysconf") and size > (most := os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")):
        raise ValueError(f"{what} takes {size:,} bytes, and this machine has a memory of {most:,}: give a part of it")


def expect_archive(path: Path) -> None:
    """Refuse a zip archive (.npz) that unpacks to more than its size can explain.

    Raises:
        ValueError: it does.
        OSError, zipfile.BadZipFile: it cannot be read, or is no archive.
    """
    with zipfile.ZipFile(path) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    expect_plausible(f"the archive '{path}'", size, path.stat().st_size)

"""Limits on the sizes that other people's files claim.

A few kilobytes can claim, or unpack to, more than any memory holds. A size that no compression can explain is refused before it is read.
"""

from __future__ import annotations

import os
import tokenize
import zipfile
import zlib
from pathlib import Path

from labrun.files.guarded import EXPANSION, FLOOR, GuardedPath

__all__ = ["DAMAGE", "expect_archive", "expect_memory", "expect_plausible"]

DAMAGE = (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, tokenize.TokenError)
"""Exceptions that NumPy, h5py and zipfile raise for damaged files, and for files of another kind"""


def expect_plausible(what: str, size: int, stored: int) -> None:
    """Refuse an array that claims `size` bytes in a file of `stored` bytes.

    Raises:
        ValueError: it has more than 64 MiB and is more than 1032 times as large as the file; or it exceeds the memory of this machine.
    """
    if size > max(FLOOR, EXPANSION * stored):
        raise ValueError(
            f"{what} claims {size:,} bytes, but its file has {stored:,}: at most {EXPANSION} times as many are accepted. The file is "
            "damaged, or was made to fill the memory; if it is sound, store the array without compression"
        )
    expect_memory(what, size)


def expect_memory(what: str, size: int) -> None:
    """Refuse to read at once more than the memory of this machine.

    Raises:
        ValueError: it is larger.
    """
    if hasattr(os, "sysconf") and size > (most := os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")):
        raise ValueError(f"{what} takes {size:,} bytes, and this machine has a memory of {most:,}: give a part of it")


def expect_archive(path: Path | GuardedPath) -> None:
    """Refuse a zip archive (.npz) that unpacks to more than its size can explain.

    Raises:
        ValueError: it does.
        OSError, zipfile.BadZipFile: it cannot be read, or is not an archive.
    """
    with path.opened() if isinstance(path, GuardedPath) else path.open("rb") as stream:
        with zipfile.ZipFile(stream) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        expect_plausible(f"the archive '{path}'", size, stream.seek(0, os.SEEK_END))

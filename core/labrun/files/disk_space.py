"""Room on the disk: how much is free, and whether an error says that none is."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from labrun.faults import text_of

__all__ = ["expect_space", "free_space", "is_out_of_space"]


_FULL = (errno.ENOSPC, errno.EDQUOT)


SPARE = 2**22
"""Bytes that must stay free on the disk after what is to be written: room for the index that HDF5 writes last."""


def expect_space(path: Path, size: int) -> None:
    """Refuse to begin what the disk has no room for.

    The HDF5 library can crash the process when the disk is full as it closes a file, so it must not come to that.

    Raises:
        OSError: ENOSPC, there are no `size` bytes for `path`.
    """
    if free_space(path.parent) < size + SPARE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def free_space(folder: Path) -> int:
    """Free bytes of the disk that holds a folder, or will hold it."""
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    return shutil.disk_usage(there).free


def is_out_of_space(error: BaseException | None) -> bool:
    """Whether an error, or one that it was raised from, says that the disk or the quota is full."""
    while error is not None:
        if (isinstance(error, OSError) and error.errno in _FULL) or os.strerror(errno.ENOSPC) in text_of(error):
            return True
        error = error.__cause__ or error.__context__
    return False

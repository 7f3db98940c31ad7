"""A folder in which Numba keeps compiled kernels, if neither the installation nor the home folder can be written.

Numba refuses to compile a kernel that is to be cached ("no locator available") on a read-only installation without a writable home, as in
containers and on clusters. The folder under the system's temporary one has a fixed name, so that later runs find the kernels; since
compiled kernels are code, it is used only if nobody else can write there.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

__all__ = ["provide_kernel_cache"]

VARIABLE = "NUMBA_CACHE_DIR"


def provide_kernel_cache() -> None:
    """Point Numba, in this process and its children, to a folder of ours if it would find none."""
    if any(_can_be_written(folder) for folder in (os.environ.get(VARIABLE), _cache_of_user()) if folder):
        return
    os.environ[VARIABLE] = folder = str(_private_folder())
    if numba := sys.modules.get("numba"):  # it reads the variable when it is imported
        numba.config.CACHE_DIR = folder


def _cache_of_user() -> str:
    """Return the folder of this user that Numba tries last; empty if there is no home."""
    found = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 (Path raises without a home)
    return "" if found.startswith("~") else f"{found}/numba"


def _can_be_written(folder: str) -> bool:
    """Check whether a folder can be written, or made."""
    place = Path(folder)
    there = next((path for path in (place, *place.parents) if os.path.lexists(path)), place)
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _private_folder() -> Path:
    """Return a folder that belongs to this user alone."""
    import tempfile  # rarely needed, and not loaded yet

    folder = Path(tempfile.gettempdir(), f"labrun-kernels-{os.getuid() if hasattr(os, 'getuid') else 'user'}")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError:
        return Path(tempfile.mkdtemp(prefix="labrun-kernels-"))
    is_private = stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o077
    if is_private and (not hasattr(os, "getuid") or status.st_uid == os.getuid()):
        return folder
    return Path(tempfile.mkdtemp(prefix="labrun-kernels-"))

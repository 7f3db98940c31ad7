"""Check whether a name is that of a regular file, not of a link, a pipe or a device."""

from __future__ import annotations

from pathlib import Path

from labrun.files.guarded import GuardedPath, UnsafePath

__all__ = ["is_file", "is_plain"]


def is_plain(folder: Path, name: str) -> bool:
    """Check whether `name` is a regular file in a folder or below it, reached without links."""
    try:
        return (GuardedPath(folder) / name).is_regular()
    except (UnsafePath, OSError):
        return False


def is_file(path: Path) -> bool:
    """Check whether there is a regular file, perhaps behind a link; False also for names that no file can have."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False

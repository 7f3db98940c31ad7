"""Check what lies at a path before it is read or written: a regular file, in its own folder, and not a link."""

from __future__ import annotations

import stat
from pathlib import Path

from labrun.faults import LabrunError

__all__ = ["expect_own", "is_file", "is_plain"]


def is_plain(folder: Path, name: str) -> bool:
    """Whether `name` is that of a regular file in a folder (or below it), and neither leads out of it nor is a link."""
    parts = name.split("/")
    if not all(parts) or {".", ".."} & set(parts) or "\\" in name or "\0" in name:
        return False
    above = [folder.joinpath(*parts[:end]) for end in range(1, len(parts))]
    try:
        return stat.S_ISREG((folder / name).lstat().st_mode) and not any(path.is_symlink() for path in above)
    except OSError:
        return False


def expect_own(path: Path) -> None:
    """Refuse to write where a link leads elsewhere.

    Raises:
        LabrunError: `path` is a link.
    """
    if path.is_symlink():
        raise LabrunError(
            f"'{path}' is a link to '{path.readlink()}': expected a file or folder of its own, or nothing yet, since what labrun writes "
            "there would lie elsewhere. Remove the link; another disk is named with --runs DIR"
        )


def is_file(path: Path) -> bool:
    """Whether a regular file is there; False also for a name that no file can have."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False

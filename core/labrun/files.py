"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from labrun.faults import LabrunError

__all__ = [
    "expect_digest",
    "expect_own",
    "expect_room",
    "free_space",
    "is_file",
    "is_out_of_space",
    "is_plain",
    "is_temporary",
    "read_json",
    "replace_folder",
    "require_digest",
    "sha256_of",
    "sync_file",
    "sync_folder",
    "temporary_name",
    "write_atomically",
    "write_json",
]

_MARK = ".tmp-"
_FULL = (errno.ENOSPC, errno.EDQUOT)
SPARE = 2**22
"""Bytes that must stay free on the disk after what is to be written: room for the index that HDF5 writes last."""


def temporary_name(path: Path) -> Path:
    """A name beside `path` that no other process takes."""
    return path.with_name(f"{path.name}{_MARK}{os.getpid()}-{secrets.token_hex(4)}")


def is_temporary(path: Path) -> bool:
    """Whether a file or folder is the unfinished work of some process, or one that NFS keeps for a process that has it open."""
    return _MARK in path.name or path.name.startswith(".nfs")


@contextlib.contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; it takes the name `path` once it is whole and on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(path)
    try:
        yield temporary
        sync_file(temporary)
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sync_file(path: Path) -> None:
    """Bring the content of a file to the disk."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the file system lets folders be opened."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def replace_folder(folder: Path, target: Path) -> None:
    """Let `folder` take the name `target`; what had that name is removed. Of processes that do so at once, the last wins.

    Raises:
        OSError: it cannot be renamed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    while True:
        aside = temporary_name(target)
        with contextlib.suppress(FileNotFoundError):
            target.rename(aside)
        try:
            folder.rename(target)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # else another process was quicker: once more
                raise
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON that a person can read, whole or not at all."""
    with write_atomically(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, sort_keys=True, default=str) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read JSON that somebody else may have written.

    Raises:
        OSError: there is no such file, or it cannot be read.
        ValueError: it is no JSON in UTF-8, or is nested too deeply.
    """
    if not path.is_file():  # opening a pipe would wait for ever
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError(f"'{path}' is nested too deeply") from None


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


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def expect_digest(path: Path, digest: str) -> None:
    """Refuse a file that is not there, or that has changed.

    Raises:
        FileNotFoundError: it is not there.
        ValueError: it has another SHA-256.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file '{path}', seen from {Path.cwd()}")
    if (found := sha256_of(path)) != digest:
        raise ValueError(f"'{path}' is another file than the one asked for: its sha256 is {found}, not {digest}")


def require_digest(path: Path, digest: str) -> None:
    """Refuse a file that is named without its SHA-256. Only then is it looked at: what was read once needs its file no more.

    Raises:
        ValueError: the digest is missing; the message tells it, so that it can be copied into the project.
    """
    if digest:
        return
    if not path.is_file():
        raise ValueError(f"there is no file '{path}', seen from {Path.cwd()}")
    raise ValueError(
        f"sha256 is missing: give it with the file, so that a change of the file is noticed. For '{path}' it is now {sha256_of(path)}"
    )


def is_file(path: Path) -> bool:
    """Whether a regular file is there; False also for a name that no file can have."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def expect_room(path: Path, size: int) -> None:
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
        if (isinstance(error, OSError) and error.errno in _FULL) or os.strerror(errno.ENOSPC) in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False

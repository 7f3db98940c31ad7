"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = [
    "is_temporary",
    "read_json",
    "replace_folder",
    "sync_file",
    "sync_folder",
    "temporary_name",
    "write_atomically",
    "write_json",
]

_MARK = ".tmp-"


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

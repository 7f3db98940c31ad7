"""Files and folders that are there complete or not at all."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from labrun.files.guarded import GuardedPath
from labrun.files.temporary import temporary_name

__all__ = ["read_json", "replace_folder", "temporary_beside", "write_atomically", "write_json"]


def temporary_beside(path: Path) -> Path:
    """Return a path beside `path` that no other process takes."""
    return path.with_name(temporary_name(path.name))


@contextlib.contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; it takes the name `path` once it is complete and on the disk.

    In a folder of runs, where links may lead elsewhere, use `GuardedPath.written`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(path)
    try:
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
        with contextlib.suppress(OSError):
            GuardedPath(path.parent).sync()
    finally:
        temporary.unlink(missing_ok=True)


def replace_folder(folder: GuardedPath, target: GuardedPath) -> None:
    """Give `folder` the name `target`, and remove what had that name. Of processes that do so at once, the last wins.

    Raises:
        OSError: it cannot be renamed.
    """
    target.parent.make_folder()
    while True:
        aside = target.temporary()
        with contextlib.suppress(FileNotFoundError):
            target.rename_to(aside)
        try:
            folder.rename_to(target)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # else another process was quicker: try again
                raise
        finally:
            aside.remove_all()


def write_json(path: Path | GuardedPath, value: Any) -> None:
    """Write JSON that a person can read, complete or not at all."""
    text = json.dumps(value, indent=2, sort_keys=True, default=str) + "\n"
    if isinstance(path, GuardedPath):
        with path.written() as stream:
            stream.write(text.encode())
        return
    with write_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_json(path: GuardedPath) -> Any:
    """Read JSON that somebody else may have written.

    Raises:
        OSError: there is no such file, or it cannot be read.
        UnsafePath: it is a link, a pipe or a device.
        ValueError: it is not JSON in UTF-8, or is nested too deeply.
    """
    try:
        return json.loads(path.text())
    except RecursionError:
        raise ValueError(f"'{path}' is nested too deeply") from None

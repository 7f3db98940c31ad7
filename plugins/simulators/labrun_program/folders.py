"""The folder of one member: empty as its program starts, gone after it, kept if it failed."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labrun.faults import LabrunError
from labrun_program.starting import root_folder

__all__ = ["Folder", "MemberFailed", "OutOfTime", "ProgramTooSlow", "member_folder"]


class MemberFailed(Exception):
    """A program that did not give what it should; the message says what is wrong."""


class OutOfTime(MemberFailed):
    """A program that took longer than it may."""


class ProgramTooSlow(LabrunError, TimeoutError):
    """A member that failed since its program took longer than it may."""


@dataclass(frozen=True)
class Folder:
    """The folder in which a program works, and the file beside it for what it prints."""

    work: Path
    printed: Path


@contextlib.contextmanager
def member_folder(home: Path, name: str) -> Iterator[Folder]:
    """Make a folder below `home`, and remove it. If `MemberFailed` is raised within, keep it under `name` until the member succeeds, and
    say where.

    Raises:
        LabrunError: the member failed.
    """
    folder = Folder(home / name, home / f"{name}.txt")
    folder.work.mkdir()
    try:
        yield folder
        shutil.rmtree(_kept(name), ignore_errors=True)
    except MemberFailed as error:
        kind = ProgramTooSlow if isinstance(error, OutOfTime) else LabrunError
        raise kind(f"{error}. Its folder is kept: {_keep(folder, name)}") from error
    finally:
        shutil.rmtree(folder.work, ignore_errors=True)
        folder.printed.unlink(missing_ok=True)


def _kept(name: str) -> Path:
    return root_folder() / "failed" / name


def _keep(folder: Folder, name: str) -> Path:
    """Move a folder to the failed ones; one of the same member, from an earlier run, makes room for it."""
    kept = _kept(name)
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    folder.work.rename(kept / "work")
    if folder.printed.exists():
        folder.printed.rename(kept / "printed.txt")
    return kept

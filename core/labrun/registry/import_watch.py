"""Importing a stranger's module: timed, and with what it prints or warns of held back, so that it spoils no output."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

__all__ = ["ImportWatch", "watch_import"]

SLOW = 0.5
"""Seconds of an import from which on it is told. All commands wait for it."""

SHOWN = 200
"""Characters of what a module printed that are told."""


@dataclass
class ImportWatch:
    """What was seen while a module was imported."""

    seconds: float = 0.0
    printed: str = ""
    warned: list[str] = field(default_factory=list)
    folder: str | None = None
    """Where the module took the working directory, if it did."""

    def remarks(self) -> list[str]:
        """What a person should know of the import, each with what to do."""
        found = []
        if self.seconds > SLOW:
            found.append(
                f"took {self.seconds:.1f} s to import, and every command waits for it: import heavy libraries inside of methods"
            )
        if self.printed:
            found.append(f"prints when it is imported, which was held back: {self.printed!r}")
        found += [f"warns when it is imported: {text}" for text in self.warned]
        if self.folder:
            found.append(f"changed the working directory to {self.folder} when it was imported, which was undone")
        return found


@contextlib.contextmanager
def watch_import() -> Iterator[ImportWatch]:
    """ImportWatch what the block does. Its output, its warnings and its change of the working directory go no further."""
    watch = ImportWatch()
    folder = _working_directory()
    begun = time.perf_counter()
    with _memory() as held:
        try:
            with _output_to(held.fileno()), _warnings_to(watch.warned):
                yield watch
        finally:
            watch.seconds = time.perf_counter() - begun
            held.seek(0)
            watch.printed = " ".join(held.read().decode(errors="replace").split())[:SHOWN]
            if folder and _working_directory() != folder:
                watch.folder = _working_directory() or "one that is gone"
                os.chdir(folder)


def _working_directory() -> str | None:
    with contextlib.suppress(OSError):  # it was removed
        return os.getcwd()  # noqa: PTH109  # a Path would be made for every plugin
    return None


def _memory() -> IO[bytes]:
    """A file that needs no disk where the system has such: commands must answer when the disk is full."""
    return os.fdopen(os.memfd_create("labrun"), "r+b") if hasattr(os, "memfd_create") else tempfile.TemporaryFile()


@contextlib.contextmanager
def _output_to(descriptor: int) -> Iterator[None]:
    """Send standard output and standard error to an open file, also those of compiled code and of child processes. The streams of
    Python stay as they are, since a module may keep one of them for its log."""
    kept = []
    _flush()
    for number in (1, 2):
        with contextlib.suppress(OSError):  # it is closed
            kept.append((number, os.dup(number)))
            os.dup2(descriptor, number)
    try:
        yield
    finally:
        _flush()
        for number, copy in kept:
            os.dup2(copy, number)
            os.close(copy)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # it is closed, or there is none
            stream.flush()


@contextlib.contextmanager
def _warnings_to(texts: list[str]) -> Iterator[None]:
    """Collect warnings. The filters stay: what libraries that are imported now add to them must last."""

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        texts.append(f"{category.__name__}: {message}")

    before, warnings.showwarning = warnings.showwarning, show
    try:
        yield
    finally:
        warnings.showwarning = before

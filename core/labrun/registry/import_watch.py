"""Import third-party modules: time them, and hold back what they print or warn, so that it does not spoil labrun's output."""

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
"""Report imports that take longer [s]: all commands wait for them."""

SHOWN = 200
"""Characters shown of what a module printed."""


@dataclass
class ImportWatch:
    """Side effects of importing a module."""

    seconds: float = 0.0
    printed: str = ""
    warned: list[str] = field(default_factory=list)
    folder: str | None = None
    """The working directory that the module changed to, if it did."""

    def remarks(self) -> list[str]:
        """Return what a person should know about the import, with what to do."""
        found = []
        if self.seconds > SLOW:
            found.append(
                f"took {self.seconds:.1f} s to import, and every command waits for it: import heavy libraries inside methods"
            )
        if self.printed:
            found.append(f"prints when imported (output held back): {self.printed!r}")
        found += [f"warns when imported: {text}" for text in self.warned]
        if self.folder:
            found.append(f"changed the working directory to {self.folder} when imported (undone)")
        return found


@contextlib.contextmanager
def watch_import() -> Iterator[ImportWatch]:
    """Watch an import within the block. Hold back its output and warnings, and undo a change of the working directory."""
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
                watch.folder = _working_directory() or "a folder that no longer exists"
                os.chdir(folder)


def _working_directory() -> str | None:
    with contextlib.suppress(OSError):  # it was removed
        return os.getcwd()  # noqa: PTH109  # a Path would be made for every plugin
    return None


def _memory() -> IO[bytes]:
    """Open a temporary file, in memory if the system allows: commands must work when the disk is full."""
    return os.fdopen(os.memfd_create("labrun"), "r+b") if hasattr(os, "memfd_create") else tempfile.TemporaryFile()


@contextlib.contextmanager
def _output_to(descriptor: int) -> Iterator[None]:
    """Send standard output and standard error to an open file, also from compiled code and child processes. Python's stream objects stay
    the same, since a module may keep one for its log."""
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
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or None
            stream.flush()


@contextlib.contextmanager
def _warnings_to(texts: list[str]) -> Iterator[None]:
    """Collect warnings. Keep the filters: those added by libraries during the import must last."""

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        texts.append(f"{category.__name__}: {message}")

    before, warnings.showwarning = warnings.showwarning, show
    try:
        yield
    finally:
        warnings.showwarning = before

"""Describe an exception raised by a plugin, with the line that raised it."""

from __future__ import annotations

import re
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

from labrun.faults import LabrunError, encodable, text_of

__all__ = ["code_folder", "error_name", "error_origin", "full_traceback"]

LENGTH = 500
"""Characters of a message that are shown; the traceback has more of them."""

LONGEST = 20_000
"""Characters of a traceback that are kept, half of them from its end."""

_CALLERS = ("importlib", "labrun", "pluggy")
"""Packages that call plugins: their lines do not show where the fault is."""


def error_origin(module: str, error: BaseException) -> str:
    """Return `ValueError: no luck (/…/kernel.py:12)`: the error, and the innermost line within the package of `module`. An error that is
    written for people is complete in itself; that of a program that was started comes with the last line of its standard error."""
    if isinstance(error, LabrunError):
        return " ".join(text_of(error).split())
    if isinstance(error, SyntaxError) and error.filename:
        return f"{type(error).__name__}: {error.msg} ({error.filename}:{error.lineno})"
    message = _shortened(" ".join(text_of(error).split()))
    if lines := _standard_error(error).splitlines():
        message += f" Its standard error ends with: {_shortened(lines[-1])}"
    what = f"{error_name(error)}: {message}" if message else error_name(error)
    where = _place(module, error)
    return f"{what} ({where})" if where else what


def full_traceback(error: BaseException) -> str:
    """Return the traceback of an exception, and the standard error of its program; the middle of a long one is left out."""
    try:
        text = encodable("".join(traceback.format_exception(error)))
    except Exception:  # the class of a plugin may do anything here
        text = f"{''.join(traceback.format_tb(error.__traceback__))}{error_name(error)}\n"
    if written := _standard_error(error):
        text += f"\nStandard error of the program:\n{written}\n"
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[:half]}\n…\n{text[-half:]}"


def error_name(error: BaseException) -> str:
    """Return the name of an error's class, or of the class that a private one is derived from: `ValueError` for a `_TooLarge`."""
    return next(kind.__name__ for kind in type(error).__mro__ if not kind.__name__.startswith("_"))


def code_folder(module: str) -> str:
    """Return the folder of the package of an imported module, or of the module itself; empty if neither has a file."""
    files = [getattr(sys.modules.get(name), "__file__", None) for name in (_package(module), module)]
    return next((str(Path(file).parent) for file in files if file), "")


def _shortened(text: str) -> str:
    return f"{text[:LENGTH]} …" if len(text) > LENGTH else text


def _standard_error(error: BaseException) -> str:
    """Return what a program that failed, or took too long, wrote to its standard error, if that was captured."""
    if not isinstance(error, (subprocess.CalledProcessError, subprocess.TimeoutExpired)):
        return ""
    written = error.stderr or ""
    return (written.decode(errors="replace") if isinstance(written, bytes) else str(written)).strip()


def _place(module: str, error: BaseException) -> str | None:
    frames = [
        (_package(frame.f_globals.get("__name__")), frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    own = [entry for entry in frames if entry[0] == _package(module)] or _frames_elsewhere(module, error)
    others = [entry for entry in frames if entry[0] not in _CALLERS]
    for _, file, line in reversed(own or others):
        return f"{file}:{line}"
    return None


def _frames_elsewhere(module: str, error: BaseException) -> list[tuple[str, str, int]]:
    """Return the frames of the package of `module` in the worker that raised an error; the executor of Python sends their text."""
    folder = code_folder(module)
    if not folder or type(error.__cause__).__name__ != "_RemoteTraceback":
        return []
    found = re.findall(r'^  File "(.*)", line (\d+), in ', text_of(error.__cause__), re.MULTILINE)  # type: ignore[arg-type]
    return [(_package(module), file, int(line)) for file, line in found if Path(file).is_relative_to(folder)]


def _package(module: Any) -> str:
    return str(module).partition(".")[0]

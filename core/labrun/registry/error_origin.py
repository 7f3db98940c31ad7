"""Describe an exception raised by a plugin, with the line that raised it."""

from __future__ import annotations

import traceback
from typing import Any

from labrun.faults import text_of

__all__ = ["error_name", "error_origin"]

LENGTH = 500
"""Characters of a message that are shown; the traceback has all of them."""

_CALLERS = ("importlib", "labrun", "pluggy")
"""Packages that call plugins: their lines do not show where the fault is."""


def error_origin(module: str, error: BaseException) -> str:
    """Return `ValueError: no luck (/…/kernel.py:12)`: the error, and the innermost line within the package of `module`."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{type(error).__name__}: {error.msg} ({error.filename}:{error.lineno})"
    message = " ".join(text_of(error).split())
    message = f"{message[:LENGTH]} …" if len(message) > LENGTH else message
    what = f"{error_name(error)}: {message}" if message else error_name(error)
    where = _place(module, error)
    return f"{what} ({where})" if where else what


def error_name(error: BaseException) -> str:
    """Return the name of an error's class, or of the class that a private one is derived from: `ValueError` for a `_TooLarge`."""
    return next(kind.__name__ for kind in type(error).__mro__ if not kind.__name__.startswith("_"))


def _place(module: str, error: BaseException) -> str | None:
    frames = [
        (_package(frame.f_globals.get("__name__")), frame, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    own = [entry for entry in frames if entry[0] == _package(module)]
    others = [entry for entry in frames if entry[0] not in _CALLERS]
    for _, frame, line in reversed(own or others):
        return f"{frame.f_code.co_filename}:{line}"
    return None


def _package(module: Any) -> str:
    return str(module).partition(".")[0]

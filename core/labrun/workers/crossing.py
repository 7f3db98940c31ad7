"""Exceptions on their way from a worker to the driver: not every class survives it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from labrun.faults import LabrunError, text_of

__all__ = ["call", "portable"]

_BUILT_IN = (LabrunError, KeyboardInterrupt, SystemExit, OSError, Exception, BaseException)


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function, and raise what it raises as an exception that another process can read. Runs in a worker."""
    try:
        return function(*arguments)
    except BaseException as error:
        sent = portable(error)
        if sent is error:
            raise
        raise sent.with_traceback(error.__traceback__) from None


def portable(error: BaseException) -> BaseException:
    """Return the exception if another process can read it, else one of a built-in class, whose text begins with the name of its own.

    An exception is read by calling its class with `args`. A class whose `__init__` takes others fails there, and the driver would believe
    that the worker died; or it arrives with another text.
    """
    text = text_of(error)
    with suppress(BaseException):  # the class of a plugin may do anything here
        if text_of(pickle.loads(pickle.dumps(error))) == text:
            return error
    substitute = next(kind for kind in _BUILT_IN if isinstance(error, kind))
    return substitute(f"{type(error).__name__}: {text}")

"""Wait for events in tests. A test fails because something hangs, never because the machine is busy."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["HANG", "wait_until"]

HANG = 600.0
"""Seconds after which a wait counts as a hang; pytest's own limit for a test (`timeout` in pyproject.toml) is longer."""

BETWEEN = 0.02
"""Seconds between two looks."""


def wait_until(happened: Callable[[], object], what: str) -> None:
    """Wait until `happened()` is true; `what` completes the sentence "… has not happened".

    Raises:
        TimeoutError: it has not happened within `HANG` seconds.
    """
    deadline = time.monotonic() + HANG
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} has not happened within {HANG:g} s")
        time.sleep(BETWEEN)

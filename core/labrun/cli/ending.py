"""End the process with its main thread, even if a plugin has left threads behind."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time

import click

__all__ = ["end_with_main_thread"]

PATIENCE = 2.0
"""Seconds that other threads have after the main thread: those of libraries need a moment."""


def end_with_main_thread(code: int) -> None:
    """Have this process end with this exit code soon after its main thread. Python itself would wait for all threads."""
    threading.Thread(target=_end, args=(code,), daemon=True).start()


def _end(code: int) -> None:
    threading.main_thread().join()
    deadline = time.monotonic() + PATIENCE
    left = [thread for thread in threading.enumerate() if not thread.daemon and thread is not threading.main_thread()]
    for thread in left:
        thread.join(max(0.0, deadline - time.monotonic()))
    names = [f"'{thread.name}'" for thread in left if thread.is_alive()]
    if not names:
        return
    with contextlib.suppress(OSError, ValueError):  # a stream that is closed
        click.echo(f"threads of a plugin that had not ended were dropped: {', '.join(names)}", err=True)
        sys.stdout.flush()
    os._exit(code)

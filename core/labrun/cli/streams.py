"""Standard output and standard error that cannot take what labrun writes: another encoding, a full disk."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

__all__ = ["forgiving_streams"]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


@contextmanager
def forgiving_streams() -> Iterator[None]:
    """Within the block, write characters that a stream's encoding lacks as escapes (`\\u03bb`), and end with a message when standard output
    cannot be written."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL or error.filename is not None:
            raise
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 (no path, but a device)
            os.dup2(nowhere.fileno(), sys.stdout.fileno())  # else Python tries again when it ends
        click.echo(f"cannot write to standard output: {error.strerror}", err=True)
        sys.exit(1)

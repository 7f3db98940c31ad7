"""SHA-256 of files that are too large to be read anew whenever a project is looked at: remembered as long as size and time of a file stay.

What is remembered lies under `$XDG_CACHE_HOME/labrun` (`~/.cache/labrun`), one small file for each; it may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path

from labrun.files import sha256_of, write_atomically

__all__ = ["remembered_sha256"]

SETTLED = 2.0
"""Seconds since a file was last changed, from which on its digest is remembered: one that is still being written keeps its time, perhaps,
while it changes."""


def remembered_sha256(path: Path) -> str:
    """The SHA-256 of a file, 64 hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    status = path.stat()
    state = [status.st_size, status.st_mtime_ns, status.st_ino]
    memory = _memory_of(path)
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        known = json.loads(memory.read_text(encoding="utf-8"))
        if known["state"] == state:
            return str(known["sha256"])
    digest = sha256_of(path)
    if time.time() - status.st_mtime > SETTLED:
        with contextlib.suppress(OSError), write_atomically(memory) as temporary:
            temporary.write_text(json.dumps({"file": str(path), "state": state, "sha256": digest}), encoding="utf-8")
    return digest


def _memory_of(path: Path) -> Path:
    """The file that remembers the digest of `path`."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "labrun" / "digests" / f"{hashlib.sha256(os.fsencode(path.absolute())).hexdigest()}.json"

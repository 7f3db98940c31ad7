"""Names of temporary files: recognised by a pattern that nobody else uses."""

from __future__ import annotations

import os
import re
import secrets

__all__ = ["is_temporary", "process_of", "temporary_name"]

_PATTERN = re.compile(r".+\.labrun-(\d+)-[0-9a-f]{8}\.tmp")


def temporary_name(name: str) -> str:
    """Return a name for the unfinished version of `name` that no other process takes: `run.json.labrun-1234-ab12cd34.tmp`."""
    return f"{name}.labrun-{os.getpid()}-{secrets.token_hex(4)}.tmp"


def is_temporary(name: str) -> bool:
    """Check whether a file or folder is a process's unfinished work, or one that NFS keeps for a process that has it open (`.nfs…`)."""
    return name.startswith(".nfs") or _PATTERN.fullmatch(name) is not None


def process_of(name: str) -> int | None:
    """Return the number of the process that uses a temporary name; None for any other name."""
    found = _PATTERN.fullmatch(name)
    return int(found[1]) if found else None

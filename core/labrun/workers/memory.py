"""Peak memory of processes."""

from __future__ import annotations

import re
import sys
from pathlib import Path

__all__ = ["peak_memory", "peak_memory_of_children"]


def peak_memory() -> int:
    """Return the peak memory of this process [bytes]; 0 if the system does not report it.

    On Linux, `ru_maxrss` includes the parent's memory at the time of the fork, so `/proc` is read first.
    """
    try:
        found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    except OSError:
        found = None
    return int(found[1]) * 1024 if found else _most("RUSAGE_SELF")


def peak_memory_of_children() -> int:
    """Return the peak memory of any finished child process [bytes]; 0 if the system does not report it."""
    return _most("RUSAGE_CHILDREN")


def _most(whose: str) -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return int(resource.getrusage(getattr(resource, whose)).ru_maxrss * unit)

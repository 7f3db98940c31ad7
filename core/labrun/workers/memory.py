"""How much memory processes have had."""

from __future__ import annotations

import re
import sys
from pathlib import Path

__all__ = ["peak_memory", "peak_memory_of_children"]


def peak_memory() -> int:
    """The most bytes that this process has had at once; 0 where the system does not tell.

    Linux counts in `ru_maxrss` what the parent had when it started this process, so that its own account is asked first.
    """
    try:
        found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    except OSError:
        found = None
    return int(found[1]) * 1024 if found else _most("RUSAGE_SELF")


def peak_memory_of_children() -> int:
    """The most bytes that any process had that this one has started, and that has ended; 0 where the system does not tell."""
    return _most("RUSAGE_CHILDREN")


def _most(whose: str) -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return int(resource.getrusage(getattr(resource, whose)).ru_maxrss * unit)

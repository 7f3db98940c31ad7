"""Where runs and their store lie."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["default_runs", "store_of"]


def default_runs() -> Path:
    """Where runs lie unless a call says otherwise: `$LABRUN_RUNS`, or `runs` where Python was started."""
    return Path(os.environ.get("LABRUN_RUNS", "runs"))


def store_of(runs: Path) -> Path:
    """The store lies beside the runs that use it."""
    return runs / ".store"

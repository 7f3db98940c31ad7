"""Small things that are costly to find out and that depend on this machine: remembered under `$XDG_CACHE_HOME/labrun` (`~/.cache/labrun`),
a file for each. Whatever lies there may be deleted at any time."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from labrun.files.atomic import read_json, write_atomically

__all__ = ["read_cached", "write_cached"]


def read_cached(kind: str, name: str) -> dict[str, Any]:
    """What was remembered under a name; empty if nothing was, or if it is damaged."""
    with contextlib.suppress(OSError, ValueError):
        found = read_json(_place(kind, name))
        if isinstance(found, dict):
            return found
    return {}


def write_cached(kind: str, name: str, value: dict[str, Any]) -> None:
    """Remember a value, if the disk lets us."""
    with contextlib.suppress(OSError), write_atomically(_place(kind, name)) as temporary:
        temporary.write_text(json.dumps(value), encoding="utf-8")


def _place(kind: str, name: str) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "labrun" / kind / f"{name}.json"

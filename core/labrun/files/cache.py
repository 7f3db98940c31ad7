"""A cache of this machine in `$XDG_CACHE_HOME/labrun` (`~/.cache/labrun`): small results that are costly to find, a file each.

Everything there may be deleted at any time. Without a home folder nothing is kept.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from labrun.files.atomic import read_json, write_json
from labrun.files.guarded import GuardedPath
from labrun.files.home import home_folder

__all__ = ["read_cached", "write_cached"]


def read_cached(kind: str, name: str) -> dict[str, Any]:
    """Return a cached record; empty if there is none, or if it is damaged."""
    with contextlib.suppress(OSError, ValueError):
        if (cache := _cache()) and isinstance(found := read_json(cache / kind / f"{name}.json"), dict):
            return found
    return {}


def write_cached(kind: str, name: str, value: dict[str, Any]) -> None:
    """Cache a record, if the disk allows it."""
    with contextlib.suppress(OSError):
        if cache := _cache():
            write_json(cache / kind / f"{name}.json", value)


def _cache() -> GuardedPath | None:
    home = home_folder()
    place = os.environ.get("XDG_CACHE_HOME") or (home and home / ".cache")
    return GuardedPath(Path(place) / "labrun") if place else None

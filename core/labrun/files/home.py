"""The home folder of the person, who may have none: containers and clusters run under users without an account."""

from __future__ import annotations

from pathlib import Path

__all__ = ["home_folder"]


def home_folder() -> Path | None:
    """Return the home folder; None if neither `$HOME` nor the system's list of accounts names one."""
    try:
        return Path.home()
    except RuntimeError:
        return None

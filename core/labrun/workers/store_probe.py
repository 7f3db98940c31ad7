"""Check whether a worker shares the run's file system, using a probe file with a random token."""

from __future__ import annotations

import contextlib
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

from labrun.files.atomic import temporary_name

__all__ = ["StoreProbe", "scratch_folder"]


@dataclass(frozen=True)
class StoreProbe:
    """A file in the store that holds a random token."""

    path: Path
    token: str

    @classmethod
    def of(cls, store: Path) -> StoreProbe:
        """Return a new probe, not yet written."""
        return cls(temporary_name(store.absolute() / "workers"), secrets.token_hex(16))

    def write(self) -> None:
        """Write the file.

        Raises:
            OSError: the store cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(self.token, encoding="utf-8")

    def remove(self) -> None:
        """Remove the file."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    def is_seen(self) -> bool:
        """Check whether this process can read the file, and write another beside it."""
        beside = temporary_name(self.path)
        try:
            if self.path.read_text(encoding="utf-8") != self.token:
                return False
            beside.touch()
            beside.unlink()
        except (OSError, ValueError):
            return False
        return True


def scratch_folder() -> str | None:
    """Return the folder for a worker's temporary files: one that Dask clears, or None for the system's."""
    if distributed := sys.modules.get("distributed"):
        with contextlib.suppress(ValueError):  # not a Dask worker
            return str(distributed.get_worker().local_directory)
    return None

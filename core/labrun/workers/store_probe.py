"""Check whether a worker shares the run's file system, using a probe file with a random token."""

from __future__ import annotations

import contextlib
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

from labrun.files.guarded import GuardedPath

__all__ = ["StoreProbe", "scratch_folder"]


@dataclass(frozen=True)
class StoreProbe:
    """A file in the store that holds a random token."""

    path: GuardedPath
    token: str

    @classmethod
    def of(cls, store: Path) -> StoreProbe:
        """Return a new probe, not yet written."""
        return cls((GuardedPath(store.absolute()) / "workers").temporary(), secrets.token_hex(16))

    def write(self) -> None:
        """Write the file.

        Raises:
            OSError: the store cannot be written.
        """
        with self.path.written() as stream:
            stream.write(self.token.encode())

    def remove(self) -> None:
        """Remove the file."""
        with contextlib.suppress(OSError):
            self.path.remove()

    def is_seen(self) -> bool:
        """Check whether this process can read the file, and write another beside it."""
        beside = self.path.temporary()
        try:
            if self.path.text() != self.token:
                return False
            with beside.opened("xb"):
                beside.remove()
        except (OSError, ValueError):
            return False
        return True


def scratch_folder() -> str | None:
    """Return the folder for a worker's temporary files: one that Dask clears, or None for the system's."""
    if distributed := sys.modules.get("distributed"):
        with contextlib.suppress(ValueError):  # not a Dask worker
            return str(distributed.get_worker().local_directory)
    return None

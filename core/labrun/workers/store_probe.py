"""Whether a worker sees the store of a run: a file with a secret word tells."""

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
    """A file in the store, and the word that it holds."""

    path: Path
    word: str

    @classmethod
    def of(cls, store: Path) -> StoreProbe:
        """A new one, which is not yet written."""
        return cls(temporary_name(store.absolute() / "workers"), secrets.token_hex(16))

    def write(self) -> None:
        """Lay the file down.

        Raises:
            OSError: the store cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(self.word, encoding="utf-8")

    def remove(self) -> None:
        """Take it away."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    def is_seen(self) -> bool:
        """Whether this process reads the file, and can write another beside it."""
        beside = temporary_name(self.path)
        try:
            if self.path.read_text(encoding="utf-8") != self.word:
                return False
            beside.touch()
            beside.unlink()
        except (OSError, ValueError):
            return False
        return True


def scratch_folder() -> str | None:
    """Where a worker keeps what nobody needs any more when it dies: a folder that Dask clears; elsewhere the system's."""
    if distributed := sys.modules.get("distributed"):
        with contextlib.suppress(ValueError):  # this is no worker of Dask
            return str(distributed.get_worker().local_directory)
    return None

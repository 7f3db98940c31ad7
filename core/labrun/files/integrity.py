"""Whether files are still what was written.

When a result is sealed, the size, the SHA-256 and the time of the last change of each of its files are recorded. A file whose size and time
are those is taken as intact without being read; if its time is another (the store was copied, or somebody wrote to the file), its content
decides. Damage that leaves the time alone (a rotten disk) is found by `labrun verify`, which reads every byte and takes the time from what
is damaged, so that the next run sees it too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labrun.files.digests import cached_sha256, sha256_of
from labrun.files.trust import is_plain

__all__ = ["Damage", "damage_in", "in_words", "mark_damaged", "problem_in", "problem_with", "seal_of"]

CHANGED = "is damaged (its content is not what was written)"
"""The problem of a file whose content has another digest."""
TOLD_AT_MOST = 10


@dataclass(frozen=True)
class Damage:
    """A file of a result, by its name in the result's folder, and what is wrong with it, as the end of a sentence about it."""

    name: str
    problem: str

    def __str__(self) -> str:
        return f"{self.name} {self.problem}"


def seal_of(path: Path) -> dict[str, Any]:
    """Size, time and digest of a file, as a manifest tells them."""
    status = path.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": sha256_of(path)}


def problem_with(path: Path, size: int, sha256: str, mtime_ns: int | None, *, thorough: bool = False) -> str:
    """What is wrong with a file, such as 'is missing'; empty if it is intact. `thorough` reads it in any case."""
    try:
        status = path.stat()
        if status.st_size != size:
            return f"is damaged (it has {status.st_size:,} bytes, and {size:,} were written)"
        if status.st_mtime_ns == mtime_ns and not thorough:
            return ""
        return "" if (sha256_of if thorough else cached_sha256)(path) == sha256 else CHANGED
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def problem_in(folder: Path, name: str, seal: Mapping[str, Any], *, thorough: bool = False) -> str:
    """What is wrong with the file `name` of a folder, which should be as `seal_of` has told. Links, and names that lead out of the folder,
    count as missing."""
    if not is_plain(folder, name):
        return "is missing"
    return problem_with(folder / name, seal["size"], seal["sha256"], seal.get("mtime_ns"), thorough=thorough)


def damage_in(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> list[Damage]:
    """What is wrong with files, by their names in `folder`, each with what `seal_of` has told."""
    return [Damage(name, problem) for name, seal in files.items() if (problem := problem_in(folder, name, seal))]


def mark_damaged(path: Path) -> bool:
    """Take the time of its last change from a file, so that nobody takes it as intact without reading it; says whether we may do so."""
    try:
        os.utime(path, (0, 0))
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def in_words(stage: str, damage: Iterable[Damage], consequence: str) -> list[str]:
    """Sentences for people about the damage to the result of a stage; of many files, the first ones."""
    found = list(damage)
    told = [f"{stage}: {one}: {consequence}" for one in found[:TOLD_AT_MOST]]
    if more := len(found) - len(told):
        told.append(f"{stage}: so it is with {more:,} more files: {consequence}")
    return told

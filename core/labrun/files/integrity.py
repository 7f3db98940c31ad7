"""Check whether files are still what was written.

When a result is sealed, the size, the SHA-256 and the time of the last change of each file are recorded. A file with that size and time
counts as intact without being read. With another time (the store was copied, or somebody wrote to the file), its content decides. Damage
that leaves the time unchanged (a failing disk) is found by `labrun verify`, which reads every byte and resets the time of a damaged file,
so that the next run notices it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from labrun.files.digests import cached_sha256, sha256_of
from labrun.files.guarded import GuardedPath, UnsafePath

__all__ = ["Damage", "damage_in", "in_words", "mark_damaged", "problem_in", "problem_with", "seal_of"]

CHANGED = "is damaged (its content is not what was written)"
"""The problem of a file whose content has another digest."""
SHOWN = 10


@dataclass(frozen=True)
class Damage:
    """A file of a result, by its name in the result's folder, and its problem, worded as the end of a sentence."""

    name: str
    problem: str

    def __str__(self) -> str:
        return f"{self.name} {self.problem}"


def seal_of(path: GuardedPath) -> dict[str, Any]:
    """Return the size, time and digest of a file, as recorded in a manifest."""
    status = path.status()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": sha256_of(path)}


def problem_with(path: GuardedPath, size: int, sha256: str, mtime_ns: int | None, *, thorough: bool = False) -> str:
    """Return what is wrong with a file, such as 'is missing'; empty if it is intact. `thorough` reads it in any case."""
    try:
        if not path.is_regular():
            return "is missing"
        status = path.status()
        if status.st_size != size:
            return f"is damaged (it has {status.st_size:,} bytes, and {size:,} were written)"
        if status.st_mtime_ns == mtime_ns and not thorough:
            return ""
        return "" if (sha256_of if thorough else cached_sha256)(path) == sha256 else CHANGED
    except (FileNotFoundError, UnsafePath):
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def problem_in(folder: GuardedPath, name: str, seal: Mapping[str, Any], *, thorough: bool = False) -> str:
    """Return what is wrong with the file `name` of a folder, given its seal. Links, and names that lead out of it, count as missing."""
    try:
        path = folder / name
    except UnsafePath:
        return "is missing"
    return problem_with(path, seal["size"], seal["sha256"], seal.get("mtime_ns"), thorough=thorough)


def damage_in(folder: GuardedPath, files: Mapping[str, Mapping[str, Any]]) -> list[Damage]:
    """Return what is wrong with files in `folder`, given their seals by name."""
    return [Damage(name, problem) for name, seal in files.items() if (problem := problem_in(folder, name, seal))]


def mark_damaged(folder: GuardedPath, name: str) -> bool:
    """Reset the time of a file, so that the next run reads it; return whether we may do so (True if there is no such file)."""
    try:
        (folder / name).set_time(0)
    except (FileNotFoundError, UnsafePath):
        return True
    except OSError:
        return False
    return True


def in_words(stage: str, damage: Iterable[Damage], consequence: str) -> list[str]:
    """Return sentences for people about the damage to a stage's result; of many files, the first ones."""
    found = list(damage)
    lines = [f"{stage}: {one}: {consequence}" for one in found[:SHOWN]]
    if more := len(found) - len(lines):
        lines.append(f"{stage}: the same holds for {more:,} more files: {consequence}")
    return lines

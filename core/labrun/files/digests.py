"""SHA-256 of files and records: remembered, carried along, compared.

Files that are too large to be read anew whenever a project is looked at have their digest remembered as long as their size and time stay
(`labrun.files.cache`). A record (JSON) and a file that is read as a whole can carry their own digest, so that damage shows.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

from labrun.files.cache import read_cached, write_cached

__all__ = [
    "append_digest",
    "cached_sha256",
    "digest_of",
    "ends_with_digest",
    "expect_digest",
    "matches_digest",
    "require_digest",
    "sha256_of",
    "with_digest",
]

SETTLED = 2.0
"""Seconds since a file was last changed, from which on its digest is remembered: one that is still being written keeps its time, perhaps,
while it changes."""

_FIELD = "digest"


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def expect_digest(path: Path, digest: str) -> None:
    """Refuse a file that is not there, or that has changed.

    Raises:
        FileNotFoundError: it is not there.
        ValueError: it has another SHA-256.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file '{path}', seen from {Path.cwd()}")
    if (found := sha256_of(path)) != digest:
        raise ValueError(f"'{path}' is another file than the one asked for: its sha256 is {found}, not {digest}")


def require_digest(path: Path, digest: str) -> None:
    """Refuse a file that is named without its SHA-256. Only then is it looked at: what was read once needs its file no more.

    Raises:
        ValueError: the digest is missing; the message tells it, so that it can be copied into the project.
    """
    if digest:
        return
    if not path.is_file():
        raise ValueError(f"there is no file '{path}', seen from {Path.cwd()}")
    raise ValueError(
        f"sha256 is missing: give it with the file, so that a change of the file is noticed. For '{path}' it is now {sha256_of(path)}"
    )


def cached_sha256(path: Path) -> str:
    """The SHA-256 of a file, 64 hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    status = path.stat()
    state = [status.st_size, status.st_mtime_ns, status.st_ino]
    name = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()
    known = read_cached("digests", name)
    if known.get("state") == state and _FIELD in known and matches_digest(known):
        return str(known["sha256"])
    digest = sha256_of(path)
    if time.time() - status.st_mtime > SETTLED:
        write_cached("digests", name, with_digest({"file": str(path), "state": state, "sha256": digest}))
    return digest


def digest_of(value: Any) -> str:
    """SHA-256 of canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def with_digest(record: dict[str, Any]) -> dict[str, Any]:
    """The record as JSON holds it, and its own digest."""
    plain: dict[str, Any] = json.loads(json.dumps(record, default=str))
    return plain | {_FIELD: digest_of(plain)}


def matches_digest(record: dict[str, Any]) -> bool:
    """Whether a record is the one that its digest was taken of; True for one that carries none."""
    rest = {name: value for name, value in record.items() if name != _FIELD}
    return _FIELD not in record or record[_FIELD] == digest_of(rest)


def append_digest(path: Path) -> None:
    """Let a file end with the digest of what it holds, 32 bytes."""
    digest = bytes.fromhex(sha256_of(path))
    with path.open("ab") as stream:
        stream.write(digest)


def ends_with_digest(path: Path) -> bool:
    """Whether a file ends with the digest of what comes before, so that it is the one that was written; False if it cannot be read."""
    with contextlib.suppress(OSError), path.open("rb") as stream:
        left = path.stat().st_size - hashlib.sha256().digest_size
        digest = hashlib.sha256()
        while left > 0 and (block := stream.read(min(left, 2**20))):
            digest.update(block)
            left -= len(block)
        return left == 0 and stream.read() == digest.digest()
    return False

"""SHA-256 of files and records: cached, embedded, compared.

Large files are not read again whenever a project is looked at: their digests are cached as long as their size and time stay the same
(`labrun.files.cache`). A record (JSON), and a file that is read as a whole, can carry its own digest, so that damage shows.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any

from labrun.files.cache import read_cached, write_cached
from labrun.files.guarded import GuardedPath

__all__ = [
    "append_digest",
    "cached_sha256",
    "digest_of",
    "ends_with_digest",
    "expect_digest",
    "matches_digest",
    "require_digest",
    "sha256_of",
    "sha256_of_stream",
    "with_digest",
]

SETTLED = 2.0
"""Seconds after the last change of a file before its digest is cached: a file that is still being written may keep its time."""

_FIELD = "digest"
_LENGTH = hashlib.sha256().digest_size


def sha256_of(path: Path | GuardedPath) -> str:
    """Return the SHA-256 of a file's content, 64 hexadecimal digits."""
    with _opened(path) as stream:
        return sha256_of_stream(stream)


def sha256_of_stream(stream: IO[bytes]) -> str:
    """Return the SHA-256 of what a stream holds, from its beginning."""
    stream.seek(0)
    return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]  # typeshed asks for an unbuffered stream


def _opened(path: Path | GuardedPath) -> AbstractContextManager[IO[bytes]]:
    return path.opened() if isinstance(path, GuardedPath) else path.open("rb")


def expect_digest(path: Path, digest: str) -> None:
    """Refuse a file that is missing or has changed.

    Raises:
        FileNotFoundError: it is missing.
        ValueError: it has another SHA-256.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file '{path}', seen from {Path.cwd()}")
    if (found := sha256_of(path)) != digest:
        raise ValueError(f"'{path}' is another file than the one asked for: its sha256 is {found}, not {digest}")


def require_digest(path: Path, digest: str, field: str) -> None:
    """Refuse a file that is named without its SHA-256, in `field`. Only then is the file needed: a finished result does without it.

    Raises:
        ValueError: the digest is missing; the message gives it, so that it can be copied into the project.
    """
    if digest:
        return
    if not path.is_file():
        raise ValueError(f"{field.removesuffix('_sha256')}: there is no file '{path}', seen from {Path.cwd()}")
    raise ValueError(
        f"{field} is missing: give it with the file, so that a change of the file is noticed. For '{path}' it is now {sha256_of(path)}"
    )


def cached_sha256(path: Path | GuardedPath) -> str:
    """Return the SHA-256 of a file, from the cache if the file has not changed since.

    Raises:
        OSError: it cannot be read.
    """
    status = path.status() if isinstance(path, GuardedPath) else path.stat()
    state = [status.st_size, status.st_mtime_ns, status.st_ino]
    name = hashlib.sha256(os.fsencode(Path(str(path)).absolute())).hexdigest()
    known = read_cached("digests", name)
    if known.get("state") == state and _FIELD in known and matches_digest(known):
        return str(known["sha256"])
    digest = sha256_of(path)
    if time.time() - status.st_mtime > SETTLED:
        write_cached("digests", name, with_digest({"file": str(path), "state": state, "sha256": digest}))
    return digest


def digest_of(value: Any) -> str:
    """Return the SHA-256 of a value as canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def with_digest(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as JSON holds it, with its own digest."""
    plain: dict[str, Any] = json.loads(json.dumps(record, default=str))
    return plain | {_FIELD: digest_of(plain)}


def matches_digest(record: dict[str, Any]) -> bool:
    """Check whether a record is what its digest was taken of; True for a record without one."""
    rest = {name: value for name, value in record.items() if name != _FIELD}
    return _FIELD not in record or record[_FIELD] == digest_of(rest)


def append_digest(stream: IO[bytes]) -> None:
    """Append to a file, open for reading and writing, the digest of its content, 32 bytes."""
    digest = bytes.fromhex(sha256_of_stream(stream))
    stream.seek(0, os.SEEK_END)
    stream.write(digest)


def ends_with_digest(path: GuardedPath) -> bool:
    """Check whether a file ends with the digest of what comes before, as it was written; False if it cannot be read."""
    with contextlib.suppress(OSError), path.opened() as stream:
        left = stream.seek(0, os.SEEK_END) - _LENGTH
        stream.seek(0)
        digest = hashlib.sha256()
        while left > 0 and (block := stream.read(min(left, 2**20))):
            digest.update(block)
            left -= len(block)
        return left == 0 and bool(stream.read() == digest.digest())
    return False

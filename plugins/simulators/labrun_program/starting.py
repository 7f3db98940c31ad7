"""Start programs through the guard of this process, watch them, and end them."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from labrun.faults import LabrunError

__all__ = ["Ended", "Start", "TooLong", "guard", "root_folder"]

LOOK = 0.1
"""Seconds between two looks at a program that runs."""
PATIENCE = 30.0
"""Seconds in which the guard must have ended a program, or removed its folder."""


class TooLong(Exception):
    """A program took longer than it may."""


@dataclass(frozen=True)
class Start:
    """A program to start: its arguments, its folder, its environment, and the file for what it prints."""

    argv: Sequence[str]
    folder: str
    environment: Mapping[str, str]
    printed: str


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    status: int
    """Exit status, or the negative number of the signal that ended it."""
    left: int
    """Processes that it left behind; they have been ended."""


def root_folder() -> Path:
    """Return the folder for all that programs of this user leave: `<temporary folder>/labrun-programs-<user>`, private to the user.

    Raises:
        LabrunError: it belongs to somebody else.
    """
    root = Path(tempfile.gettempdir()) / f"labrun-programs-{os.getuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    status = root.lstat()
    if root.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise LabrunError(f"'{root}' does not belong to you alone: remove it, or choose another folder by TMPDIR")
    return root


class Guard:
    """The process that starts programs for this one (see `labrun_program.guard`)."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("guard.py")
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", script, root_folder()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={},
            start_new_session=True,
            bufsize=0,
        )
        self._lines = b""
        self.home = Path(self._answer()["home"])
        """The folder below which members have theirs. It is gone when this process is."""

    def run(self, start: Start, watch: Callable[[], None], seconds: float | None) -> Ended:
        """Start a program and wait for its end; meanwhile `watch` is called, which may raise an error to end it.

        Raises:
            LabrunError: it cannot be started.
            TooLong: it has not ended after so many `seconds`.
        """
        self._ask(asdict(start))
        begun = time.monotonic()
        answer = self._answer()
        if "error" in answer:
            raise LabrunError(f"'{start.argv[0]}' cannot be started: {answer['error']}")
        session = answer["pid"]
        try:
            while True:
                left = LOOK if seconds is None else begun + seconds - time.monotonic()
                if left <= 0:
                    raise TooLong
                if (ended := self._answer(min(LOOK, left))) is not None:
                    return Ended(ended["status"], ended["left"])
                watch()
        except _GuardGone:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(session, signal.SIGKILL)
            raise
        except BaseException:
            self._ask({"kill": True})
            self._answer(PATIENCE)
            raise

    @property
    def is_alive(self) -> bool:
        """Whether it can start programs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End it, with all that it has started."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        self._process.stdout.close()

    def _ask(self, request: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        line = memoryview(json.dumps(request).encode() + b"\n")
        try:
            while line:
                line = line[self._process.stdin.write(line) :]
        except BrokenPipeError:
            raise _GuardGone from None

    def _answer(self, seconds: float | None = None) -> Any:
        """Return the next answer, or None if there is none within so many seconds."""
        assert self._process.stdout is not None
        while b"\n" not in self._lines:
            if not select.select([self._process.stdout], [], [], seconds)[0]:
                return None
            got = os.read(self._process.stdout.fileno(), 2**16)
            if not got:
                raise _GuardGone
            self._lines += got
        line, _, self._lines = self._lines.partition(b"\n")
        return json.loads(line)


class _GuardGone(LabrunError):
    def __init__(self) -> None:
        super().__init__("the process that started the program was ended from outside, and the program with it")


_one_at_a_time = threading.Lock()
_guard: Guard | None = None


@contextlib.contextmanager
def guard() -> Iterator[Guard]:
    """Give the guard of this process, started when first needed, to one thread at a time."""
    global _guard
    with _one_at_a_time:
        if _guard is not None and not _guard.is_alive:
            _guard.stop()
            _guard = None
        if _guard is None:
            _guard = Guard()
        yield _guard


@atexit.register
def _stop() -> None:
    if _guard is not None:
        _guard.stop()

"""The guard: a small process that starts programs, one after another, and outlives them.

It is executed as a script, once for each process that simulates, and talks to it in lines of JSON. Whatever happens to that process, the
pipe between them closes, and the guard ends the program with all of its descendants, removes its folder and ends itself.

    →  {"argv": […], "folder": …, "environment": {…}, "printed": …}    start a program in a folder, its output goes to a file
    ←  {"pid": …}, or {"error": …}                                      it has been started, or could not be
    →  {"kill": true}                                                   end it
    ←  {"status": …, "left": …}                                         it has ended; it left so many processes behind, which were ended

A descendant that leaves the program's session is found too, where the system makes the guard the parent of orphans (Linux).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import resource
import select
import signal
import sys
import time

DEATH_SIGNAL, SUBREAPER = 1, 36
"""Options of prctl(2)."""
GRACE = 0.5
"""Seconds in which what a program leaves behind may end by itself, such as `tee` at the end of a pipe."""
INHERITED = (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGCHLD, signal.SIGHUP)
"""Signals that programs handle as usual, though the guard does not."""


def main(root: str) -> None:
    """Serve until the pipe closes; the guard's own folder lies below `root`."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)  # they reach the whole job; the driver decides
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    _prctl(SUBREAPER, 1)
    home = Home.make(root)
    guard = Guard(woken)
    try:
        _say({"home": home.path})
        guard.serve()
    finally:
        guard.end_all()
        home.remove()


class Home:
    """The folder of a guard, below which members have theirs; locked as long as the guard lives."""

    def __init__(self, path: str, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def make(cls, root: str) -> Home:
        """Make a folder, and remove those whose guards were killed."""
        with open(os.path.join(root, "lock"), "w") as whole:  # noqa: PTH118, PTH123 (pathlib takes longer to import than all else)
            fcntl.flock(whole, fcntl.LOCK_EX)
            for entry in os.scandir(root):
                if entry.name.startswith("guard-") and (lock := _lock(entry.path)) is not None:
                    cls(entry.path, lock).remove()
            path = os.path.join(root, f"guard-{os.urandom(8).hex()}")  # noqa: PTH118 (as above)
            os.mkdir(path, 0o700)  # noqa: PTH102 (as above)
            lock = _lock(path)
            assert lock is not None
        return cls(path, lock)

    def remove(self) -> None:
        """Remove the folder with all that it holds."""
        import shutil

        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _lock(folder: str) -> int | None:
    """Lock a folder, whose owner has died if that is possible."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # not a folder of ours
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


class Guard:
    """Starts one program at a time."""

    def __init__(self, woken: int) -> None:
        self._woken = woken
        self._busy = False
        self._program: int | None = None
        """The process of the program, until it has ended."""
        self._ended: float | None = None
        """When it ended, while what it left may end too."""
        self._status = 0

    def serve(self) -> None:
        """Do what the lines on standard input ask for, until it closes."""
        pending = b""
        while True:
            waiting = None if self._ended is None else max(0.0, self._ended + GRACE - time.monotonic())
            ready, _, _ = select.select([0, self._woken], [], [], waiting)
            if self._woken in ready:
                _drain(self._woken)
            if 0 in ready:
                got = os.read(0, 2**16)
                if not got:
                    return
                *lines, pending = (pending + got).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))
            if self._busy:
                self._look()

    def _obey(self, request: dict) -> None:
        if "kill" in request:
            if self._busy:
                self.end_all()
            return
        try:
            self._program = _start(request)
        except OSError as error:
            _say({"error": error.strerror})
        else:
            self._busy, self._ended = True, None
            _say({"pid": self._program})

    def _look(self) -> None:
        """Collect what has ended, and report a program of which nothing lives."""
        others = self._reap()
        if self._program is not None:
            return
        now = time.monotonic()
        self._ended = self._ended or now
        if others and now < self._ended + GRACE:
            return
        left = len(_descendants(os.getpid())) if others else 0
        if others:
            self.end_all()
        self._busy, self._ended = False, None
        _say({"status": self._status, "left": left})

    def _reap(self) -> bool:
        """Collect children that have ended; return whether others live."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if not pid:
                return True
            if pid == self._program:
                self._program, self._status = None, os.waitstatus_to_exitcode(status)

    def end_all(self) -> None:
        """End the program and all of its descendants."""
        while True:
            if self._program is not None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._program, signal.SIGKILL)
            for pid in _descendants(os.getpid()):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            if not self._reap():
                return
            select.select([self._woken], [], [], 0.05)
            _drain(self._woken)


def _start(request: dict) -> int:
    """Start a program in a session of its own, without a terminal.

    Raises:
        OSError: it cannot be started.
    """
    guard = os.getpid()
    told, tell = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            _become(request, guard)
        except OSError as error:
            os.write(tell, str(error.errno).encode())
        finally:
            os._exit(127)
    os.close(tell)  # its twin in the child closes as the program begins
    problem = b""
    while got := os.read(told, 64):
        problem += got
    os.close(told)
    if problem:
        os.waitpid(pid, 0)
        raise OSError(int(problem), os.strerror(int(problem)))
    return pid


def _become(request: dict, guard: int) -> None:
    os.setsid()
    _prctl(DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != guard:
        raise OSError(errno.ESRCH, "the guard is gone")
    for number in INHERITED:
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    os.chdir(request["folder"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    printed = os.open(request["printed"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    os.execve(request["argv"][0], request["argv"], request["environment"])


def _descendants(pid: int) -> list[int]:
    """Return the processes that descend from one, as far as the system tells."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 (as above)
            with open(f"/proc/{pid}/task/{thread}/children") as children:  # noqa: PTH123 (as above)
                found += map(int, children.read().split())
    return [*found, *(inner for child in found for inner in _descendants(child))]


def _prctl(option: int, value: int) -> None:
    if PRCTL is not None:
        PRCTL(option, value, 0, 0, 0)


def _say(answer: dict) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(1, json.dumps(answer).encode() + b"\n")


def _drain(descriptor: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass


PRCTL = None
if sys.platform == "linux":
    import ctypes

    PRCTL = ctypes.CDLL(None, use_errno=True).prctl

if __name__ == "__main__":
    main(sys.argv[1])

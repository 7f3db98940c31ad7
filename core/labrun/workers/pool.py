"""Local workers: spawned processes with one thread each, which end with the run, however it ends."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.context
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import resource_tracker
from typing import Any

from labrun.contracts.threads import ONE_THREAD
from labrun.workers.crossing import call
from labrun.workers.interruption import SIGNALS

__all__ = ["Pool", "available_cores"]


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


SAFE_PATH = "PYTHONSAFEPATH"


class Pool:
    """A process pool, started when first needed, and again after one of its processes has died, which loses all current tasks.

    Implements `labrun.workers.protocol.Workers`.
    """

    where = ""
    probe = None
    shared = True
    deaths: tuple[type[Exception], ...] = (BrokenProcessPool,)

    def __init__(self, count: int, chances: int = 3) -> None:
        self.count = count
        self.chances = chances
        self._pool: ProcessPoolExecutor | None = None

    def executor(self) -> Executor:
        """Return the living pool."""
        if self._pool is not None and getattr(self._pool, "_broken", False):
            self.stop(at_once=True)  # its remaining processes ignore SIGTERM, which the pool itself would send
        if self._pool is None:
            self._pool = _Processes(self.count, mp_context=_spawning(), initializer=_begin)
        return self._pool

    def attend(self) -> None:
        """Nudge a pool that has not noticed a death: it watches only the processes that it had when it last woke."""
        if any(process.exitcode is not None for process in self._processes()):
            with contextlib.suppress(BrokenProcessPool):  # it has noticed
                self.executor().submit(int)

    def withdraw(self, futures: Iterable[Future[Any]]) -> set[Future[Any]]:
        """Take back the tasks that have not begun; return the others."""
        return {future for future in futures if not future.cancel()}

    def stop(self, *, at_once: bool = False) -> None:
        """Drop the tasks that have not begun and end the processes; `at_once` also drops the current tasks."""
        if self._pool is None:
            return
        if at_once:
            for process in self._processes():
                process.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = None

    def _processes(self) -> list[multiprocessing.process.BaseProcess]:
        return list((getattr(self._pool, "_processes", None) or {}).values())


class _Processes(ProcessPoolExecutor):
    """Python's own executor, which takes an exception that it cannot read for the death of a worker."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:  # type: ignore[override]
        return super().submit(call, function, *arguments)


def _spawning() -> multiprocessing.context.SpawnContext:
    """Return the context that starts worker processes."""
    with _safe_path():
        resource_tracker.ensure_running()  # a helper process, which Python would start with the first lock
    return _Spawning()


@contextlib.contextmanager
def _safe_path() -> Iterator[None]:
    """Keep Python processes started meanwhile from importing from the working directory: a `socket.py` beside somebody's data would run in
    them."""
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[SAFE_PATH]
        else:
            os.environ[SAFE_PATH] = before


class _Worker(multiprocessing.context.SpawnProcess):
    """A process that does not execute its parent's script again, as Python's own do: a script that calls `labrun.run` would start workers
    of workers."""

    def run(self) -> None:
        """Work, then end at once: Python itself would wait for threads that a plugin has left behind."""
        super().run()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or None
                stream.flush()
        os._exit(0)

    @staticmethod
    def _Popen(process: Any) -> Any:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            with _safe_path():
                return multiprocessing.context.SpawnProcess._Popen(process)
        finally:
            sys.modules["__main__"] = main


class _Spawning(multiprocessing.context.SpawnContext):
    Process = _Worker


def _begin() -> None:
    """Initialize a worker. What plugins print there goes to standard error: standard output may be a program's input."""
    with contextlib.suppress(OSError):  # there is none
        os.dup2(2, 1)
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    for number in SIGNALS:  # they reach the whole group; the driver decides
        signal.signal(number, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    """End this worker with its parent: a killed driver cannot stop its workers."""
    parent.join()
    os._exit(1)

"""The local executor: spawned worker processes of one thread each, which end when the run does, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import Executor, ProcessPoolExecutor

from labrun.interruption import SIGNALS

__all__ = ["Workers", "available_cores", "begin_worker"]

ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
"""Set before a worker imports NumPy: two workers with two threads each on two cores are slower than one."""


def available_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """A pool that is started when it is first needed, and anew when a process of it has died."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool: ProcessPoolExecutor | None = None

    def executor(self) -> Executor:
        """The pool, alive."""
        if self._pool is not None and getattr(self._pool, "_broken", False):
            self.stop(at_once=True)  # what is left of it heeds no SIGTERM, by which the pool itself would end it
        if self._pool is None:
            os.environ.setdefault("PYTHONSAFEPATH", "1")  # or a socket.py beside the user's data would run in every worker
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.count, mp_context=spawn, initializer=begin_worker)
        return self._pool

    def stop(self, *, at_once: bool = False) -> None:
        """Drop work that has not begun and end the processes; `at_once` also drops the work in hand."""
        if self._pool is None:
            return
        if at_once:
            for process in list((getattr(self._pool, "_processes", None) or {}).values()):
                process.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = None


def begin_worker() -> None:
    """The first that a worker does."""
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    for number in SIGNALS:  # they reach the whole group; the driver decides
        signal.signal(number, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    """A killed driver cannot stop its workers, so they watch it."""
    parent.join()
    os._exit(1)

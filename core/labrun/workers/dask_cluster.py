"""Use the workers of a Dask cluster (`labrun run --dask`). Imports `distributed` from the extra `labrun[cluster]`."""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError, Executor, Future
from importlib import metadata
from pathlib import Path
from typing import Any

import dask
from distributed import Client, KilledWorker
from distributed.client import ClosedClientError

from labrun.faults import LabrunError
from labrun.workers.dask_worker import ADVICE, Introduction, NeededPlugin, Terms, introduce, perform
from labrun.workers.store_probe import StoreProbe

__all__ = ["Cluster"]

CONNECT = 10.0
"""Seconds in which a scheduler must answer, also after a lost connection."""

BETWEEN_LOOKS = 1.0
"""Seconds between two updates of the list of workers."""

QUIET = 10.0
"""Seconds without a worker before a message: a worker may be restarting."""

SHOWN = 3
"""Unsuitable workers listed in an error."""

LOGGERS = ("distributed", "distributed.client", "tornado.application")


class Cluster:
    """The workers of a scheduler. The connection is made when first needed; then each worker is asked whether it suits the run and sees the
    store.

    Workers may come and go: Dask passes a lost worker's tasks to another. Implements `labrun.workers.protocol.Workers`.
    """

    deaths: tuple[type[Exception], ...] = (KilledWorker,)
    chances = 1  # Dask itself has tried the task several times by then

    def __init__(
        self, address: str, store: Path, needed: Iterable[NeededPlugin], report: Callable[[str], None], wait: float
    ) -> None:
        """Connect to `address`, a scheduler's address or the file that it wrote. Workers must have the `needed` plugins, and may see
        `store`. `report` receives messages for people. `wait` is the longest time without any worker [s]."""
        self.address = address
        self.where = ""
        self.shared = False
        self.probe = StoreProbe.of(store)
        self._terms = Terms(metadata.version("labrun"), tuple(needed), self.probe)
        self._report = report
        self._wait = wait
        self._client: Client | None = None
        self._keys: dict[Future[Any], str] = {}
        self._threads: Mapping[str, int] = {}
        self._looked = 0.0
        self._alone_since: float | None = None
        self._reported = False

    @property
    def count(self) -> int:
        """The number of workers, at least 1."""
        self._look()
        return max(1, len(self._threads))

    def executor(self) -> Executor:
        """Return the executor.

        Raises:
            LabrunError: no scheduler answers, there are no workers, or they are unsuitable.
        """
        return _ClusterExecutor(self._connected(), self._terms, self._keys)

    def attend(self) -> None:
        """Check that there are workers, or that the time to wait for them is not over.

        Raises:
            LabrunError: there were none for too long, or the scheduler is gone.
        """
        self._look()
        if self._threads:
            self._alone_since, self._reported = None, False
            return
        self._alone_since = self._alone_since or time.monotonic()
        alone = time.monotonic() - self._alone_since
        if not self._reported and (alone > QUIET or not self.where):
            self._reported = True
            self._report(f"there are no workers at {self.address} now: waiting up to {self._wait:g} s for one")
        if alone > self._wait:
            raise LabrunError(
                f"there were no workers at {self.address} for {self._wait:g} s. Start some (dask worker {self.address}), or wait longer "
                "with --dask-wait; then run the same command again. Finished results are kept"
            )

    def withdraw(self, futures: Iterable[Future[Any]]) -> set[Future[Any]]:
        """Take back the tasks that no worker is executing; return the others."""
        busy: set[str] = set()
        client = self._connected()
        with contextlib.suppress(Exception):  # the connection is lost: take all back
            for stacks in client.call_stack().values():
                busy.update(stacks)
        return {future for future in [*futures] if self._keys.get(future) in busy or not future.cancel()}

    def stop(self, *, at_once: bool = False) -> None:
        """Take back all tasks and disconnect. The cluster's workers live on: they finish their tasks, whose results are dropped."""
        if self._client is not None:
            with contextlib.suppress(OSError, TimeoutError):
                self._client.close()
            self._client = None
            self._keys.clear()
        self.probe.remove()

    # -- the connection --

    def _connected(self) -> Client:
        """Return the running client."""
        if self._client is None:
            self._client = self._connect()
            try:
                self._ask_workers()
            except BaseException:
                self.stop()
                raise
        while self._client.status == "connecting":  # disconnected; it gives up after `CONNECT`
            time.sleep(0.1)
        if self._client.status != "running":
            raise LabrunError(
                f"the Dask scheduler at {self.address} is gone. Finished results are kept: start it again, and run the same command"
            )
        return self._client

    def _connect(self) -> Client:
        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        # a task may carry the arrays of members
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "10 GiB"})
        known = {"scheduler_file": self.address} if _is_there(self.address) else {"address": self.address}
        try:
            return Client(**known, timeout=CONNECT, set_as_default=False, name="labrun")
        except Exception as error:  # errors of any kind, depending on the address or file
            raise LabrunError(
                f"no Dask scheduler answers at '{self.address}': {error}. Start one (dask scheduler), and give its address "
                "(tcp://HOST:PORT), or the file that it writes (dask scheduler --scheduler-file FILE)"
            ) from error

    def _look(self) -> None:
        """Update the list of workers."""
        client = self._connected()
        if time.monotonic() - self._looked >= BETWEEN_LOOKS:
            with contextlib.suppress(Exception):  # a lost connection, which `_connected` reports next time
                self._threads = client.nthreads()
            self._looked = time.monotonic()

    def _ask_workers(self) -> None:
        """Refuse unsuitable workers, and find out which share the store.

        Raises:
            LabrunError: there are none, or one is unsuitable.
        """
        self._looked = 0.0
        self._look()
        while not self._threads:
            self.attend()
            time.sleep(BETWEEN_LOOKS)
            self._look()
        self.probe.write()
        assert self._client is not None
        answers = self._client.run(introduce, self._terms, on_error="return")
        there = self._client.nthreads()  # one that has gone meanwhile is not a fault
        answers = {address: answer for address, answer in answers.items() if address in there}
        _refuse_unfit(answers)
        _warn_of_threads(there, self._report)
        sharing = [answer.sees_store for answer in answers.values()]
        self.shared = all(sharing)
        self.where = f"{_workers(len(there))} of the Dask cluster at {self.address}, {_describe_sharing(sharing)}"


class _ClusterExecutor(Executor):
    """Dask's own executor, which also checks each worker, and keeps Dask's key of each task."""

    def __init__(self, client: Client, terms: Terms, keys: dict[Future[Any], str]) -> None:
        self._executor = client.get_executor(pure=False)
        self._terms = terms
        self._keys = keys

    def submit(self, function: Callable[..., Any], /, *args: Any, **_: Any) -> Future[Any]:
        # unlike the key of any result that Dask still holds
        key = f"{getattr(function, '__name__', 'work')}-{uuid.uuid4().hex}"
        try:
            future: Future[Any] = self._executor.submit(perform, self._terms, function, *args, key=key)
        except ClosedClientError as error:
            raise CancelledError from error
        self._keys[future] = key
        future.add_done_callback(lambda done: self._keys.pop(done, None))
        return future


def _is_there(address: str) -> bool:
    """Check whether the address is a file; wait for one that a scheduler is about to write."""
    deadline = time.monotonic() + CONNECT
    while not (found := Path(address).is_file()) and address.endswith(".json") and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def _refuse_unfit(answers: Mapping[str, Introduction | Exception]) -> None:
    unfit = []
    for address, answer in answers.items():
        if isinstance(answer, Exception):
            unfit.append(f"{address} does not answer like labrun {metadata.version('labrun')} ({answer})")
        elif answer.problems:
            unfit.append(f"{address} {', and '.join(answer.problems)}")
    if unfit:
        more = f"; and {len(unfit) - SHOWN} more" if len(unfit) > SHOWN else ""
        raise LabrunError(
            f"this run cannot use {len(unfit)} of {_workers(len(answers))}: {'; '.join(unfit[:SHOWN])}{more}. {ADVICE}"
        )


def _warn_of_threads(threads: Mapping[str, int], report: Callable[[str], None]) -> None:
    if many := [address for address, count in threads.items() if count > 1]:
        report(
            f"several threads on {len(many)} of {_workers(len(threads))}: labrun uses one thread of each, so start more workers with "
            "one thread each (dask worker --nworkers N --nthreads 1)"
        )


def _workers(count: int) -> str:
    return "1 worker" if count == 1 else f"{count} workers"


def _describe_sharing(sharing: list[bool]) -> str:
    if all(sharing):
        return "which write to the store themselves"
    if not any(sharing):
        return "which do not see the store: their results come back as bytes"
    return f"of which {sum(sharing)} write to the store themselves; results of the others come back as bytes"

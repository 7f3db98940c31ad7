"""The workers of a Dask cluster (`labrun run --dask`). Imports `distributed`, which the extra `labrun[cluster]` brings."""

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
"""Seconds in which a scheduler must answer; also when the connection to it was lost."""

BETWEEN_LOOKS = 1.0
"""Seconds between two looks at which workers there are."""

NOT_TOLD = 10.0
"""Seconds without a worker that are not worth a word: the last one is started again."""

TOLD = 3
"""Workers that do not fit, of which an error tells."""

LOGGERS = ("distributed", "distributed.client", "tornado.application")


class Cluster:
    """The workers of a scheduler. The connection is made when it is first needed; then each worker is asked whether it fits the run, and
    whether it sees the store.

    Workers may come and go: Dask gives what one had in hand to another. It keeps to the protocol `labrun.workers.protocol.Workers`.
    """

    deaths: tuple[type[Exception], ...] = (KilledWorker,)
    chances = 1  # Dask itself has begun the work several times by then

    def __init__(
        self, address: str, store: Path, needed: Iterable[NeededPlugin], tell: Callable[[str], None], wait: float
    ) -> None:
        """`address` is that of a scheduler, or a file that a scheduler has written; `store` and the `needed` plugins are what workers are
        asked for; `tell` is given sentences for people; `wait` is how
        many seconds there may be no worker."""
        self.address = address
        self.where = ""
        self.shared = False
        self.probe = StoreProbe.of(store)
        self._terms = Terms(metadata.version("labrun"), tuple(needed), self.probe)
        self._tell = tell
        self._wait = wait
        self._client: Client | None = None
        self._keys: dict[Future[Any], str] = {}
        self._threads: Mapping[str, int] = {}
        self._looked = 0.0
        self._alone_since: float | None = None
        self._told = False

    @property
    def count(self) -> int:
        """The workers that there are, and one where there is none now."""
        self._look()
        return max(1, len(self._threads))

    def executor(self) -> Executor:
        """What takes work.

        Raises:
            LabrunError: no scheduler answers, there are no workers, or they do not fit.
        """
        return _ClusterExecutor(self._connected(), self._terms, self._keys)

    def attend(self) -> None:
        """Wait for workers no longer than that may take.

        Raises:
            LabrunError: there have been none for too long, or the scheduler is gone.
        """
        self._look()
        if self._threads:
            self._alone_since, self._told = None, False
            return
        self._alone_since = self._alone_since or time.monotonic()
        alone = time.monotonic() - self._alone_since
        if not self._told and (alone > NOT_TOLD or not self.where):
            self._told = True
            self._tell(f"there is no worker at {self.address} now; waiting for one, {self._wait:g} s at most")
        if alone > self._wait:
            raise LabrunError(
                f"there was no worker at {self.address} for {self._wait:g} s. Start some (dask worker {self.address}), or say "
                "with --dask-wait how long they may take; then run the same command again. What was finished is kept"
            )

    def withdraw(self, futures: Iterable[Future[Any]]) -> set[Future[Any]]:
        """Take back what no worker has in hand."""
        busy: set[str] = set()
        client = self._connected()
        with contextlib.suppress(Exception):  # the connection is lost: nobody knows, and all is taken back
            for stacks in client.call_stack().values():
                busy.update(stacks)
        return {future for future in [*futures] if self._keys.get(future) in busy or not future.cancel()}

    def stop(self, *, at_once: bool = False) -> None:
        """Take back all work, and let the cluster go; its workers live on. What they have in hand they finish, and nobody asks for it."""
        if self._client is not None:
            with contextlib.suppress(OSError, TimeoutError):
                self._client.close()
            self._client = None
            self._keys.clear()
        self.probe.remove()

    # -- the connection --

    def _connected(self) -> Client:
        """The client, running."""
        if self._client is None:
            self._client = self._connect()
            try:
                self._ask_workers()
            except BaseException:
                self.stop()
                raise
        while self._client.status == "connecting":  # it was cut off, and gives up after `CONNECT`
            time.sleep(0.1)
        if self._client.status != "running":
            raise LabrunError(
                f"the Dask scheduler at {self.address} is gone. What was finished is kept: start it again, and run the same command"
            )
        return self._client

    def _connect(self) -> Client:
        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        # the arrays of members may travel with a task; then it is as large as it has to be
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "10 GiB"})
        known = {"scheduler_file": self.address} if _is_there(self.address) else {"address": self.address}
        try:
            return Client(**known, timeout=CONNECT, set_as_default=False, name="labrun")
        except Exception as error:  # whatever an address or a file makes of it
            raise LabrunError(
                f"no Dask scheduler answers at '{self.address}': {error}. Start one (dask scheduler), and give its address "
                "(tcp://HOST:PORT), or the file that it writes (dask scheduler --scheduler-file FILE)"
            ) from error

    def _look(self) -> None:
        """See which workers there are."""
        client = self._connected()
        if time.monotonic() - self._looked >= BETWEEN_LOOKS:
            with contextlib.suppress(Exception):  # the connection is lost, as `_connected` finds out next time
                self._threads = client.nthreads()
            self._looked = time.monotonic()

    def _ask_workers(self) -> None:
        """Refuse workers that do not fit, and see whether the others share the store.

        Raises:
            LabrunError: there are none, or one does not fit.
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
        there = self._client.nthreads()  # one that is gone by now is no fault
        answers = {address: answer for address, answer in answers.items() if address in there}
        _refuse_unfit(answers)
        _warn_of_threads(there, self._tell)
        sharing = [answer.sees_store for answer in answers.values()]
        self.shared = all(sharing)
        self.where = f"{_workers(len(there))} of the Dask cluster at {self.address}, {_in_words(sharing)}"


class _ClusterExecutor(Executor):
    """Dask's own executor, which asks each worker for its fitness, and remembers what Dask calls each piece of work."""

    def __init__(self, client: Client, terms: Terms, keys: dict[Future[Any], str]) -> None:
        self._executor = client.get_executor(pure=False)
        self._terms = terms
        self._keys = keys

    def submit(self, function: Callable[..., Any], /, *args: Any, **_: Any) -> Future[Any]:
        # never the key of a result that Dask still has
        key = f"{getattr(function, '__name__', 'work')}-{uuid.uuid4().hex}"
        try:
            future: Future[Any] = self._executor.submit(perform, self._terms, function, *args, key=key)
        except ClosedClientError as error:
            raise CancelledError from error
        self._keys[future] = key
        future.add_done_callback(lambda done: self._keys.pop(done, None))
        return future


def _is_there(address: str) -> bool:
    """Whether it is a file. One that a scheduler is about to write is waited for."""
    deadline = time.monotonic() + CONNECT
    while not (found := Path(address).is_file()) and address.endswith(".json") and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def _refuse_unfit(answers: Mapping[str, Introduction | Exception]) -> None:
    unfit = []
    for address, answer in answers.items():
        if isinstance(answer, Exception):
            unfit.append(f"{address} does not answer as labrun {metadata.version('labrun')} does ({answer})")
        elif answer.problems:
            unfit.append(f"{address} {', and '.join(answer.problems)}")
    if unfit:
        more = f"; and {len(unfit) - TOLD} more" if len(unfit) > TOLD else ""
        raise LabrunError(
            f"{len(unfit)} of {_workers(len(answers))} do not fit this run: {'; '.join(unfit[:TOLD])}{more}. {ADVICE}"
        )


def _warn_of_threads(threads: Mapping[str, int], tell: Callable[[str], None]) -> None:
    if many := [address for address, count in threads.items() if count > 1]:
        tell(
            f"{_workers(len(many))} of the cluster have more than one thread, of which labrun uses one: start more workers of "
            "one thread each (dask worker --nworkers N --nthreads 1)"
        )


def _workers(count: int) -> str:
    return "1 worker" if count == 1 else f"{count} workers"


def _in_words(sharing: list[bool]) -> str:
    if all(sharing):
        return "which write to the store themselves"
    if not any(sharing):
        return "which do not see the store: what they make comes back as bytes"
    return f"of which {sum(sharing)} write to the store themselves; what the others make comes back as bytes"

"""The protocol of workers: processes of this machine (`pool`) or of a Dask cluster (`dask_cluster`)."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import Any, Protocol

from labrun.workers.store_probe import StoreProbe

__all__ = ["Workers", "one_thread"]


class Workers(Protocol):
    """Workers behind a `concurrent.futures` executor."""

    @property
    def count(self) -> int:
        """Number of tasks that are executed at once."""

    @property
    def where(self) -> str:
        """A description of the workers' place and of how results return; empty for this machine."""

    @property
    def probe(self) -> StoreProbe | None:
        """The probe by which a worker finds out whether it sees the store; None if it surely does."""

    @property
    def shared(self) -> bool:
        """Whether all workers see the store."""

    @property
    def deaths(self) -> tuple[type[Exception], ...]:
        """Exceptions raised by the future of a task whose worker died."""

    @property
    def chances(self) -> int:
        """Number of tries for a task that kills its worker while nothing else is executed."""

    def executor(self) -> Executor:
        """Return the living executor, started when first needed, and again if necessary.

        Raises:
            LabrunError: it cannot be started.
        """

    def attend(self) -> None:
        """Check the workers; called from time to time while the driver waits.

        Raises:
            LabrunError: the tasks can never be finished.
        """

    def withdraw(self, futures: Iterable[Future[Any]]) -> set[Future[Any]]:
        """Take back the tasks that have not begun; return the others."""

    def stop(self, *, at_once: bool = False) -> None:
        """Drop the tasks that have not begun, and release the workers; `at_once` also drops the current tasks."""


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread, whatever the environment says: sums over several threads differ in the last bits."""
    import scipy.linalg  # noqa: F401 (has its own BLAS, which must be loaded to be limited)
    from threadpoolctl import threadpool_limits

    numba = sys.modules.get("numba")
    with threadpool_limits(1):
        before = numba and numba.get_num_threads()
        if numba:
            numba.set_num_threads(1)
        try:
            yield
        finally:
            if numba:
                numba.set_num_threads(before)

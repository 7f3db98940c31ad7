"""The protocol of workers: processes of this machine (`pool`), or those of a Dask cluster (`dask_cluster`)."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import Any, Protocol

from labrun.workers.store_probe import StoreProbe

__all__ = ["ONE_THREAD", "Workers", "one_thread"]

ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
"""Set before a worker imports NumPy: two workers with two threads each on two cores are slower than one."""


class Workers(Protocol):
    """Workers that speak `concurrent.futures`."""

    @property
    def count(self) -> int:
        """How many pieces of work are done at once."""

    @property
    def where(self) -> str:
        """Where they are and how results come from there, in words; empty for this machine."""

    @property
    def probe(self) -> StoreProbe | None:
        """What tells a worker whether it sees the store; None if it surely does."""

    @property
    def shared(self) -> bool:
        """Whether all of them see the store."""

    @property
    def deaths(self) -> tuple[type[Exception], ...]:
        """What a future raises whose worker has died."""

    @property
    def chances(self) -> int:
        """How often a piece of work is begun that kills its worker with nothing else in hand."""

    def executor(self) -> Executor:
        """What takes work, alive: started when it is first needed, and anew when it has to be.

        Raises:
            LabrunError: it cannot be.
        """

    def attend(self) -> None:
        """Look whether all is well; called from time to time while work is waited for.

        Raises:
            LabrunError: the work can never be done.
        """

    def withdraw(self, futures: Iterable[Future[Any]]) -> set[Future[Any]]:
        """Take back what has not begun; what is in hand is returned."""

    def stop(self, *, at_once: bool = False) -> None:
        """Drop work that has not begun, and let them go; `at_once` also drops the work in hand."""


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread, whatever the libraries were told: sums over several differ in their last bits."""
    import scipy.linalg  # noqa: F401 (brings a BLAS of its own, which must be there to be limited)
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

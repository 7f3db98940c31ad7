"""Measure something in a process of its own, which is ended if that takes too long."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import TimeoutError
from concurrent.futures.process import BrokenProcessPool
from time import monotonic
from typing import Any

from labrun.amounts import roughly_in_words
from labrun.faults import LabrunError
from labrun.workers.pool import Pool

__all__ = ["LIMIT", "in_worker"]

LIMIT = 120.0
"""Seconds that may be spent on one stage, with the start of the process."""
PATIENCE = 0.5
"""Seconds to wait for the process before it is looked after."""


def in_worker(what: str, function: Callable[[Any], Any], task: Any) -> Any:
    """Return `function(task)`, computed by a new worker. `what` names the work in messages: "member 3 killed its process".

    Raises:
        LabrunError: it took longer than `LIMIT`, or killed the process.
    """
    worker, begun = Pool(1, chances=1), monotonic()
    try:
        future = worker.executor().submit(function, task)
        while True:
            try:
                return future.result(PATIENCE)
            except TimeoutError:
                if future.done():  # the function has raised it
                    raise
                worker.attend()
            if monotonic() - begun > LIMIT:
                raise LabrunError(f"{what} took longer than {roughly_in_words(LIMIT)}, and was not measured")
    except BrokenProcessPool as error:
        raise LabrunError(f"{what} killed its process") from error
    finally:
        worker.stop(at_once=True)

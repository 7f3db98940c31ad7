"""Apply a function to every member of an ensemble: in this process if that is quick, by the run's workers if it takes long."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from labrun.contracts.ensemble import Ensemble
from labrun.faults import LabrunError, text_of
from labrun.registry.plugin_code import PluginFile, plugin_files_in
from labrun.workers.dispatch import TaskKillsWorker, dispatch
from labrun.workers.protocol import Workers, one_thread
from labrun.workers.store_probe import StoreProbe

__all__ = ["map_members"]

AT_ONCE = 1.0
"""Seconds of work sent to a worker at a time."""

WORTH = 5.0
"""Use workers for more seconds of work than this: they take about one to start."""

BYTES_AT_ONCE = 2**26
"""Most bytes of arrays sent at a time to a worker that does not see the store."""

Function = Callable[[Ensemble, int], Any]


@dataclass(frozen=True)
class Chunk:
    """Some members and the function to apply, pickled, since the plugin files must be loaded first."""

    files: list[PluginFile]
    pickled: bytes
    probe: StoreProbe | None


def apply(chunk: Chunk) -> bytes:
    """Apply the function to each member of a chunk, and return the results pickled: the driver must not take one that it cannot read
    for the death of a worker. Runs in a worker.

    Raises:
        LabrunError: this worker does not see the store, though those asked at the start did.
        TypeError: a result cannot be pickled.
    """
    if chunk.probe is not None and not chunk.probe.is_seen():
        raise LabrunError(
            f"a worker that joined later does not see the store ({chunk.probe.path.parent}), unlike the others"
        )
    for file in chunk.files:
        file.load()
    function, ensemble = pickle.loads(chunk.pickled)
    results = [function(ensemble, i) for i in range(len(ensemble))]
    try:
        return pickle.dumps(results)
    except Exception as error:
        raise TypeError(f"Ensemble.map: a worker cannot send a result: {text_of(error)}") from error


def map_members(ensemble: Ensemble, function: Function, workers: Workers | None) -> Iterator[Any]:
    """Yield `function(ensemble, i)` for every member, in order. See `Ensemble.map`."""
    return _results(ensemble, function, workers, _files_of(function))


def _results(ensemble: Ensemble, function: Function, workers: Workers | None, files: list[PluginFile]) -> Iterator[Any]:
    done, size = 0, 1
    while done < len(ensemble):
        some = ensemble.take(range(done, min(done + size, len(ensemble))))
        with one_thread():
            begun = time.perf_counter()
            made = [function(some, i) for i in range(len(some))]
            each = (time.perf_counter() - begun) / len(some)
        yield from made
        done += len(some)
        rest = each * (len(ensemble) - done)
        if workers is not None and workers.count > 1 and rest > WORTH:
            yield from _by_workers(ensemble, function, workers, files, done, each)
            return
        size = max(1, min(2 * size, int(AT_ONCE / max(each, 1e-6))))


def _files_of(function: Function) -> list[PluginFile]:
    try:
        return plugin_files_in(pickle.dumps(function))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise TypeError(
            f"Ensemble.map needs a module-level function, a plugin's method, or a functools.partial of one; {function!r} cannot be sent "
            f"to a worker: {error}"
        ) from error


def _by_workers(
    ensemble: Ensemble, function: Function, workers: Workers, files: list[PluginFile], done: int, each: float
) -> Iterator[Any]:
    """Yield the results for the members from `done` on; `each` is the time for one [s]."""
    size = max(1, min(int(AT_ONCE / each), (len(ensemble) - done) // (4 * workers.count)))
    probe = workers.probe if workers.shared else None
    if not workers.shared:
        size = max(1, min(size, BYTES_AT_ONCE // max(1, sum(array.nbytes for array in ensemble.member(done).values()))))
    chunks = (range(start, min(start + size, len(ensemble))) for start in range(done, len(ensemble), size))
    tasks = (
        (
            chunk.start,
            Chunk(files, pickle.dumps((function, ensemble.take(chunk).packed(inline=not workers.shared))), probe),
        )
        for chunk in chunks
    )
    made = dispatch(workers, apply, tasks, in_order=True)
    try:
        for _, results in made:
            yield from _unpacked(results)
    except TaskKillsWorker as error:
        start = error.numbers[0]
        first, last = (ensemble.numbers[min(i, len(ensemble) - 1)] for i in (start, start + size - 1))
        raise LabrunError(
            f"the worker process died repeatedly on members {first} to {last} of '{ensemble.name}'. Is there too little memory, or does "
            "compiled code crash?"
        ) from error
    finally:
        made.close()


def _unpacked(results: bytes) -> list[Any]:
    try:
        return list(pickle.loads(results))
    except Exception as error:  # the class of a plugin may do anything here
        raise TypeError(f"Ensemble.map: a result of a worker cannot be read here: {text_of(error)}") from error

"""Code executed by a Dask worker: check whether it suits the run, then perform tasks one at a time, with one thread."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any

from labrun.contracts.inputs import Kind
from labrun.contracts.threads import ONE_THREAD
from labrun.faults import LabrunError
from labrun.workers.crossing import call
from labrun.workers.protocol import one_thread
from labrun.workers.store_probe import StoreProbe

__all__ = ["ADVICE", "Introduction", "NeededPlugin", "Terms", "introduce", "perform"]

ADVICE = "Install the same there, restart these workers, and run the same command again"

_WORKING = threading.Lock()
"""Plugins need not be thread-safe: a worker with several threads uses one at a time."""


@dataclass(frozen=True)
class NeededPlugin:
    """A plugin that workers must have, in the run's version."""

    section: Kind
    name: str
    distribution: str
    version: str
    """Version of the distribution."""
    fingerprint: str

    def __str__(self) -> str:
        return f"the plugin '{self.name}' of {self.distribution} {self.version}"


@dataclass(frozen=True)
class Terms:
    """Requirements of a run on every worker."""

    labrun: str
    plugins: tuple[NeededPlugin, ...]
    probe: StoreProbe


@dataclass(frozen=True)
class Introduction:
    """A worker's answer to the terms."""

    problems: tuple[str, ...]
    sees_store: bool


def introduce(terms: Terms) -> Introduction:
    """Check whether this worker suits the run and sees its store."""
    return Introduction(_problems(terms), terms.probe.is_seen())


def perform(terms: Terms, function: Callable[[Any], Any], argument: Any) -> Any:
    """Perform a task.

    Raises:
        LabrunError: this worker, which joined after the run began, does not suit it.
    """
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))  # for libraries loaded from now on
    with _WORKING:
        if problems := _problems(terms):
            raise LabrunError(f"{own_name()}, which joined later, {'; '.join(problems)}. {ADVICE}")
        with one_thread():
            return call(function, argument)


def own_name() -> str:
    """Return the address of this worker."""
    from distributed import get_worker

    return str(get_worker().address)


@cache
def _problems(terms: Terms) -> tuple[str, ...]:
    if terms.labrun != (own := metadata.version("labrun")):
        return (f"has labrun {own}, but the run has {terms.labrun}",)
    return tuple(problem for needed in terms.plugins if (problem := _problem(needed)))


def _problem(needed: NeededPlugin) -> str | None:
    own, broken = _installed()
    fitting = own.get((needed.section, needed.distribution, needed.name))
    if fitting is None:
        reason = next((f": {error}" for source, error in broken if source.startswith(f"{needed.distribution}:")), "")
        return f"lacks {needed}{reason}"
    if fitting.version != needed.version:
        return f"has version {fitting.version} of {needed}"
    if fitting.fingerprint != needed.fingerprint:
        codes = f"its fingerprint is {fitting.fingerprint[:12]}, the run's is {needed.fingerprint[:12]}"
        return f"has different code for {needed}: {codes}"
    return None


@cache
def _installed() -> tuple[dict[tuple[Kind, str, str], NeededPlugin], list[tuple[str, str]]]:
    """Return all plugins of this process as they were when it loaded them: later changes on disk do not reach it."""
    from labrun.registry.fingerprint import fingerprint
    from labrun.registry.registry import Registry

    registry = Registry.installed()
    own = {
        (o.section, o.distribution, o.name): NeededPlugin(
            o.section, o.name, o.distribution, o.distribution_version, fingerprint(o).digest
        )
        for o in registry.offers
    }
    return own, [(broken.title, broken.error) for broken in registry.broken]

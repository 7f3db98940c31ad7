"""Run a project: set up what the engine needs, for the command line and for Python alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.engine.costs import require_disk
from labrun.engine.engine import Engine
from labrun.engine.eventlog import EventLog
from labrun.engine.observers import Observers
from labrun.faults import LabrunError
from labrun.files.guarded import GuardedPath
from labrun.planning.plan import Plan, Planned, make_plan
from labrun.project.load import Project, stage_ids
from labrun.project.trainable import prepare_trainings
from labrun.records.run_folder import RunFolder
from labrun.report import ReportWriter
from labrun.store.places import make_store, store_of
from labrun.workers.dask_worker import NeededPlugin
from labrun.workers.interruption import Interruption
from labrun.workers.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pluggy

    from labrun.workers.protocol import Workers

__all__ = ["Ending", "hire", "run_project"]

Notify = Callable[[str], None]
"""Shows a sentence to the user at once."""
Hire = Callable[[Plan, Notify], "Workers"]
"""Provides the workers of a run."""


@dataclass(frozen=True)
class Ending:
    """The end of a run: `done`, `failed` or `interrupted`, by which signal, and where its files are."""

    outcome: str
    signal: int | None
    folder: Path


def run_project(
    project: Project,
    runs: Path,
    hire: Hire,
    *,
    only: Sequence[str] = (),
    fresh: bool | Sequence[str] = False,
    grace: float = 30.0,
    display: Any = None,
    notify: Notify,
) -> Ending:
    """Run a project into `runs/<its name>`, with the record, the event log and the report.

    Args:
        hire: provides the workers.
        only: these stages and what they need, by the names of the command line; all stages if empty.
        fresh: do all stages again, whatever is in the store; or these, by name, and all that follows from them.
        grace: seconds that a part or an epoch in hand may take to finish after Ctrl-C or SIGTERM.
        display: an observer that shows how the run proceeds.
        notify: shows what the user must know at once: an observer that failed, a request to stop.

    Raises:
        ProjectFaults: `only` or `fresh` names something that is not a stage, or models cannot be trained with Keras as it is set up.
        LabrunError: the folder cannot be written, the disk cannot hold what is simulated, or there are no workers.
    """
    project.registry.take_names()
    plan = make_plan(project, store_of(runs), stage_ids(project, only) if only else None)
    again = _made_again(plan, fresh)
    prepare_trainings(p.stage for p in plan.stages.values() if p in again or plan.manifest(p) is None)
    folder = RunFolder(GuardedPath(runs) / project.name)
    _prepare(runs, folder, plan)
    manager = project.registry.manager
    observers = Observers(manager, notify)
    workers = hire(plan, notify)
    try:
        for planned in again:
            plan.store.discard(planned.section, planned.key)
        require_disk(plan)
        report = ReportWriter(folder, plan)
        own = {"events.jsonl": EventLog(folder.place / "events.jsonl"), "report.html": report}
        shown = {"display": display} if display else {}
        with _registered(manager, own | shown), Interruption(grace, observers.complain) as interruption:
            outcome = Engine(plan, folder, observers, workers, interruption, report.write).run()
        return Ending(outcome, interruption.signal, folder.path)
    finally:
        workers.stop()


def _made_again(plan: Plan, fresh: bool | Sequence[str]) -> list[Planned]:
    """Return the stages to make again: all of them, or those that are named and what follows from them."""
    if isinstance(fresh, bool):
        return list(plan.stages.values()) if fresh else []
    found = set(stage_ids(plan.project, fresh))
    for planned in plan.stages.values():  # each after what it needs
        if any(ref.id in found for ref in planned.stage.refs()):
            found.add(planned.id)
    return [planned for planned in plan.stages.values() if planned.id in found]


def hire(count: int, dask: str | None, wait: float) -> Hire:
    """Return what provides workers: processes of this machine, or those of a Dask cluster, for which it waits `wait` seconds.

    Raises:
        LabrunError: raised by the result: there is no such cluster, or its workers do not fit this project.
    """

    def workers(plan: Plan, notify: Notify) -> Workers:
        if dask is None:
            return Pool(count)
        try:
            from labrun.workers.dask_cluster import Cluster
        except ImportError as error:
            raise LabrunError(
                f"--dask needs Dask, which is not installed here ({error}): pip install 'labrun[cluster]'"
            ) from error
        cluster = Cluster(dask, plan.store.root, _needed(plan), notify, wait)
        cluster.executor()
        return cluster

    return workers


def _needed(plan: Plan) -> Iterator[NeededPlugin]:
    """Yield the plugins that workers may have to run. Local files travel with the work."""
    for planned in plan.stages.values():
        offer = planned.stage.offer
        if planned.section != "models" and offer.file is None:
            source = planned.inputs["plugin"]["source"]
            yield NeededPlugin(planned.section, offer.name, offer.distribution, offer.distribution_version, source)


def _prepare(runs: Path, folder: RunFolder, plan: Plan) -> None:
    try:
        make_store(runs)
        folder.prepare(plan)
    except LabrunError:
        raise
    except OSError as error:
        raise LabrunError(
            f"cannot write the run's folder {folder.path}: {error.strerror or error}. Choose another with --runs DIR"
        ) from error


@contextmanager
def _registered(manager: pluggy.PluginManager, observers: dict[str, Any]) -> Iterator[None]:
    """Register observers for one run: a project that was loaded once may be run several times."""
    for name, observer in observers.items():
        manager.register(observer, name=name)
    try:
        yield
    finally:
        for name in observers:
            manager.unregister(name=name)

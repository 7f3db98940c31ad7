"""Run a plan: each stage in order. What is in the store is left alone, and every event is reported to the observers.

A stage that fails is reported when it happens; stages that need it are skipped, all others are done. How a stage is made stands in
`labrun.engine.making`.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from labrun.contracts.events import Outcome, RunFinished, RunStarted, StageFinished
from labrun.engine.making import MembersFailed, make
from labrun.engine.observers import Observers
from labrun.engine.progress_record import MAKE_ROOM, ProgressRecord
from labrun.engine.stage_work import StageWork
from labrun.engine.timekeeper import Timekeeper
from labrun.faults import LabrunError
from labrun.files.disk_space import is_out_of_space
from labrun.files.guarded import GuardedPath
from labrun.files.integrity import Damage
from labrun.planning.plan import Plan, Planned
from labrun.planning.results import Results
from labrun.records.run_folder import RunFolder
from labrun.registry.error_origin import error_origin, full_traceback
from labrun.workers.interruption import Interruption
from labrun.workers.protocol import Workers

__all__ = ["Engine"]

DONE = ("done", "reused")
"""Outcomes of a stage that others can use."""


@dataclass
class _Ended:
    outcome: Outcome
    message: str = ""
    traceback: str = ""


class Engine:
    """One execution of a plan."""

    def __init__(
        self,
        plan: Plan,
        folder: RunFolder,
        observers: Observers,
        workers: Workers,
        interruption: Interruption,
        write_report: Callable[[GuardedPath], None],
    ) -> None:
        self.plan = plan
        self.folder = folder
        self.observers = observers
        self.workers = workers
        self.interruption = interruption
        self.write_report = write_report
        self.results = Results(plan, workers)
        self.record = ProgressRecord(folder, plan, observers)
        self.clock = Timekeeper(plan, workers.count)

    def run(self) -> Outcome:
        """Run all stages.

        Returns:
            `done` if every stage is, `failed` if one could not be, or the record, the log or the report could not be written,
            `interrupted` after Ctrl-C or SIGTERM.
        """
        stages = list(self.plan.stages.values())
        reused = [p.id for p in stages if self._is_done(p)]
        self.record.begin(reused)
        ids, folder = [p.id for p in stages], str(self.folder.path)
        name, workers, left = self.plan.project.name, self.workers, self.clock.begin(reused)
        self.observers.notify(RunStarted(time.time(), name, folder, ids, reused, workers.count, workers.where, left))
        outcome: Outcome = "failed"
        try:
            for planned in stages:
                self.interruption.check()
                self._stage(planned)
            if all(ended in DONE for ended in self.record.outcomes.values()):
                outcome = "done"
        except KeyboardInterrupt:
            self.interruption.settle()
            outcome = "interrupted"
        finally:
            self.workers.stop(at_once=outcome == "interrupted")
            complete = self.record.end(outcome)
            report = self._report()
            self.observers.notify(RunFinished(time.time(), outcome, time.time() - self.record.started, report))
        complete = complete and bool(report) and not self.observers.out_of_space
        return "failed" if outcome == "done" and not complete else outcome

    def _report(self) -> str:
        """Write the report and return its path; empty if it could not be written."""
        path = self.folder.place / "report.html"
        try:
            self.write_report(path)
        except Exception as error:  # what a plugin has put into its findings must not hide the end of the run
            if is_out_of_space(error):
                problem = f"no space is left on the disk. {MAKE_ROOM}"
            elif isinstance(error, OSError):
                elsewhere = error.filename and Path(str(error.filename)).parent != path.path.parent
                named = f"{error.filename}: " if elsewhere else ""
                problem = f"{named}{error.strerror or error}. What was finished is kept"
            else:
                problem = f"{error_origin('labrun', error)}. What was finished is kept"
            self.observers.complain(f"cannot write the report {path}: {problem}")
            return ""
        return str(path)

    def _stage(self, planned: Planned) -> None:
        work = StageWork(self.plan, planned, self.results, self.workers, self.observers, self.interruption, self.clock)
        try:
            ended = self._do(planned, work)
            if ended.outcome in DONE:
                self._place(planned, work)
        except MembersFailed as error:
            ended = _Ended("failed", str(error), error.traceback)
        except LabrunError as error:
            ended = _Ended("failed", str(error), traceback.format_exc())
        except KeyboardInterrupt:
            self._end(planned, _Ended("interrupted", f"{work.reached} are kept" if work.reached else ""), work)
            raise
        except BaseException as error:  # a plugin may raise anything; the other stages go on
            ended = _Ended("failed", _in_words(error, planned, self.plan.store.root), full_traceback(error))
        self._end(planned, ended, work)

    def _do(self, planned: Planned, work: StageWork) -> _Ended:
        """Skip a stage, reuse its result, or make it."""
        missing = [ref.id for ref in planned.stage.refs() if self.record.outcomes[ref.id] not in DONE]
        if missing:
            return _Ended("skipped", f"it needs {', '.join(dict.fromkeys(missing))}")
        remarks = planned.stage.remarks
        if self._is_done(planned):
            return _Ended("reused", "; ".join(remarks))
        self.record.begin_stage(planned.id)
        return _Ended("done", "; ".join([*remarks, *make(planned.stage, work)]))

    def _end(self, planned: Planned, ended: _Ended, work: StageWork) -> None:
        self.record.end_stage(planned.id, ended.outcome)
        self.clock.end_stage(planned, ended.outcome)
        folder = str(self.folder.stage(planned)) if ended.outcome in DONE else ""
        self.observers.notify(
            StageFinished(time.time(), planned.id, ended.outcome, work.seconds, ended.message, ended.traceback, folder)
        )

    def _is_done(self, planned: Planned) -> bool:
        return self.plan.manifest(planned) is not None

    def _place(self, planned: Planned, work: StageWork) -> None:
        changed = self.folder.show(self.plan, planned)
        problem = f"in {self.folder.stage(planned)} is not what was put there"
        work.complain([Damage(name, problem) for name in changed], "the result is put there again")


def _in_words(error: BaseException, planned: Planned, store: Path) -> str:
    if is_out_of_space(error):
        return f"no space is left on the disk that holds {store}. {MAKE_ROOM}"
    if isinstance(error, OSError) and Path(str(error.filename)).absolute().is_relative_to(store.absolute()):
        return f"cannot write {error.filename}: {error.strerror}. What was finished is kept"
    offer = planned.stage.offer
    return f"the plugin {offer.called} raised {error_origin(offer.plugin.__module__, error)}"

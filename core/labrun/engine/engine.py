"""Running a plan: each stage in order, what is in the store left alone, every event told to the observers.

A stage that fails is reported when it happens; stages that need it are skipped, all others are done.
"""

from __future__ import annotations

import json
import shutil
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labrun.contracts.events import Outcome, RunFinished, RunStarted, StageFinished, StageProgressed, StageStarted
from labrun.contracts.findings import Findings
from labrun.contracts.plugin import Analysis, Model
from labrun.engine.observers import Observers
from labrun.engine.simulation import MembersFailed, Simulation
from labrun.faults import LabrunError
from labrun.files.disk_space import is_out_of_space
from labrun.files.integrity import Damage, in_words
from labrun.learning.pretrained import FILES
from labrun.planning.plan import Plan, Planned
from labrun.planning.results import Results
from labrun.project.load import Ref
from labrun.records.run_folder import RunFolder
from labrun.registry.error_origin import error_origin
from labrun.seeds import integer_seed
from labrun.store.parts import Failure, part_name
from labrun.workers.interruption import Interruption
from labrun.workers.protocol import Workers

__all__ = ["Engine"]

ADVICE = "What was finished is kept: make room, and run the same command again"


@dataclass
class _Ended:
    outcome: Outcome
    message: str = ""
    traceback: str = ""


class Engine:
    """One execution of a plan."""

    def __init__(
        self, plan: Plan, folder: RunFolder, observers: Observers, workers: Workers, interruption: Interruption
    ) -> None:
        self.plan = plan
        self.folder = folder
        self.observers = observers
        self.workers = workers
        self.interruption = interruption
        self.results = Results(plan, workers)
        self.ended: dict[str, _Ended] = {}
        self._reached = ""
        """How far the stage in work is, in words."""

    def run(self) -> Outcome:
        """Run all stages.

        Returns:
            `done` if every stage is, `failed` if one could not be or the disk had no room for the record or the
            report, `interrupted` after Ctrl-C or SIGTERM.
        """
        started = time.time()
        stages = list(self.plan.stages.values())
        self._record("running", started)  # from now on, `labrun gc` leaves these results alone
        reused = [p.id for p in stages if self.plan.manifest(p) is not None]
        folder = str(self.folder.path)
        ids = [p.id for p in stages]
        name, workers = self.plan.project.name, self.workers
        self.observers.tell(RunStarted(time.time(), name, folder, ids, reused, workers.count, workers.where))
        outcome: Outcome = "failed"
        try:
            for planned in stages:
                self.interruption.check()
                self._stage(planned)
            if all(ended.outcome in ("done", "reused") for ended in self.ended.values()):
                outcome = "done"
        except KeyboardInterrupt:
            self.interruption.settle()
            outcome = "interrupted"
        finally:
            self.workers.stop(at_once=outcome == "interrupted")
            complete = self._record(outcome, started)
            report = str(self.folder.path / "report.html")
            self.observers.tell(RunFinished(time.time(), outcome, time.time() - started, report))
        return outcome if outcome != "done" or (complete and not self.observers.out_of_space) else "failed"

    def _record(self, outcome: str, started: float) -> bool:
        """Write `run.json`, and say whether that could be done."""
        try:
            self.folder.record(self.plan, {name: ended.outcome for name, ended in self.ended.items()}, outcome, started)
        except OSError as error:
            self.observers.complain(
                f"cannot write the record of the run to {self.folder.path}: {error.strerror}. {ADVICE}"
            )
            return False
        return True

    def _stage(self, planned: Planned) -> None:
        self._reached = ""
        begun = time.perf_counter()
        missing = [ref.id for ref in planned.stage.refs() if self.ended[ref.id].outcome in ("failed", "skipped")]
        try:
            if missing:
                ended = _Ended("skipped", f"it needs {', '.join(dict.fromkeys(missing))}")
            elif self._is_done(planned):
                ended = _Ended("reused")
            else:
                ended = _Ended("done", "; ".join(self._do(planned)))
            if ended.outcome in ("done", "reused"):
                self._place(planned)
        except LabrunError as error:
            ended = _Ended("failed", str(error), traceback.format_exc())
        except KeyboardInterrupt:
            self._tell_end(planned, _Ended("interrupted", f"{self._reached} are kept" if self._reached else ""), begun)
            raise
        except (Exception, SystemExit) as error:  # a plugin may raise anything; the other stages go on
            ended = _Ended("failed", _in_words(error, planned, self.plan.store.root), traceback.format_exc())
        self._tell_end(planned, ended, begun)

    def _tell_end(self, planned: Planned, ended: _Ended, begun: float) -> None:
        self.ended[planned.id] = ended
        seconds = time.perf_counter() - begun
        folder = str(self.folder.stage(planned)) if ended.outcome in ("done", "reused") else ""
        self.observers.tell(
            StageFinished(time.time(), planned.id, ended.outcome, seconds, ended.message, ended.traceback, folder)
        )

    def _is_done(self, planned: Planned) -> bool:
        manifest = self.plan.manifest(planned)
        return manifest is not None and not (manifest.notes.get("failed") and planned.stage.failures == "stop")

    def _place(self, planned: Planned) -> None:
        changed = self.folder.place(self.plan, planned)
        problem = f"in {self.folder.stage(planned)} is not what was put there"
        self._complain(planned, [Damage(name, problem) for name in changed], "the result is put there again")

    def _complain(self, planned: Planned, damage: Iterable[Damage], consequence: str) -> None:
        for sentence in in_words(planned.id, damage, consequence):
            self.observers.complain(sentence)

    def _do(self, planned: Planned) -> list[str]:
        """Make the result of a stage; what comes back are warnings."""
        if planned.section != "simulations":
            self._complain(planned, self.plan.damage(planned), "the result is made again")
        begun = time.perf_counter()
        match planned.section:
            case "simulations":
                self._simulate(planned, begun)
            case "models" if planned.stage.pretrained is not None:
                self._build(planned, begun, self._copy_pretrained)
            case "models":
                self._train(planned, begun)
            case "datasets":
                return self._build(planned, begun, self._describe_examples)
            case "analyses":
                return self._build(planned, begun, self._analyse)
        return []

    def _started(self, planned: Planned, unit: str, total: int, done: int = 0) -> None:
        name = planned.stage.offer.name
        event = StageStarted(time.time(), planned.id, name, planned.key, unit, total, done, planned.inputs)
        self.observers.tell(event)

    def _progressed(
        self, planned: Planned, done: int, total: int, unit: str, numbers: dict[str, float] | None = None
    ) -> None:
        self._reached = f"{done} of {total} {unit}"
        self.observers.tell(StageProgressed(time.time(), planned.id, done, total, numbers or {}))

    # -- one kind of stage after the other --

    def _simulate(self, planned: Planned, begun: float) -> None:
        stage, table = planned.stage, planned.stage.table
        assert table is not None
        folder = self.plan.folder(planned)
        simulation = Simulation.of(self.plan, planned)
        receipts, damaged_parts = simulation.examine()
        damage = {one.name: one for one in [*damaged_parts, *self.plan.damage(planned)]}
        self._complain(planned, damage.values(), "it is made again")
        lost = {Path(name).stem for name in damage}
        receipts = {n: receipt for n, receipt in receipts.items() if Path(part_name(n)).stem not in lost}
        self._started(planned, "members", table.size, simulation.count(receipts))

        def progress(done: int) -> None:
            self._progressed(planned, done, table.size, "members")

        simulation.run(self.workers, receipts, progress, self.interruption)
        failures = [failure for number in sorted(receipts) for failure in receipts[number].failures]
        if failures and (stage.failures == "stop" or len(failures) == table.size):
            raise MembersFailed(_about_failures(planned, failures, table.size))
        failed = sorted(failure.member for failure in failures)
        parts = {f"parts/{part_name(number)}": receipt.sha256 for number, receipt in receipts.items()}
        self._seal(planned, folder, begun, parts, failed=failed, failures=[vars(failure) for failure in failures])

    def _train(self, planned: Planned, begun: float) -> None:
        from labrun.learning.checkpoint import checkpoint_in, damage_of_checkpoint, epochs_done
        from labrun.learning.training import train

        stage, fit = planned.stage, planned.stage.fit
        assert isinstance(stage.plugin, Model)
        assert fit is not None
        self.workers.stop()  # their memory is wanted now
        checkpoint = checkpoint_in(self.plan.store.checkpoints(planned.key))
        if damage := damage_of_checkpoint(checkpoint, fit.samples.every if fit.samples else None):
            self._complain(planned, damage, "the training begins anew")
            shutil.rmtree(checkpoint.parent, ignore_errors=True)
        self._started(planned, "epochs", fit.epochs, epochs_done(checkpoint))
        train_on, validation = (self._optional(stage.inputs.get(f"fit.{key}")) for key in ("train", "validation"))

        def progress(epoch: int, numbers: dict[str, float]) -> None:
            self._progressed(planned, epoch, fit.epochs, "epochs", numbers)
            self.interruption.check()

        seed = integer_seed(self.plan.project.seed, planned.section, stage.base, fit.seed)
        inputs = self.results.inputs(planned)
        with self.plan.store.building(planned.section, planned.key) as folder:
            train(stage.plugin, fit, train_on, validation, inputs, seed, checkpoint, folder, progress)
            self._seal(planned, folder, begun)
        shutil.rmtree(checkpoint.parent, ignore_errors=True)

    def _copy_pretrained(self, planned: Planned, folder: Path) -> list[str]:
        assert planned.stage.pretrained is not None
        for name in FILES:
            shutil.copyfile(planned.stage.pretrained / name, folder / name)
        return []

    def _optional(self, found: Ref | list[Ref] | None) -> Any:
        return self.results.get(found) if isinstance(found, Ref) else None

    def _build(self, planned: Planned, begun: float, make: Callable[[Planned, Path], list[str]]) -> list[str]:
        self._started(planned, "steps", 1)
        with self.plan.store.building(planned.section, planned.key) as folder:
            warnings = make(planned, folder)
            self._seal(planned, folder, begun)
        return warnings

    def _describe_examples(self, planned: Planned, folder: Path) -> list[str]:
        from labrun.learning.summary import summarize_examples

        summary = summarize_examples(*self.results.first_examples(planned, folder))
        (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        return list(summary["warnings"])

    def _analyse(self, planned: Planned, folder: Path) -> list[str]:
        import matplotlib as mpl

        mpl.use("agg")
        plugin = planned.stage.plugin
        assert isinstance(plugin, Analysis)
        findings = plugin.analyse(**self.results.inputs(planned))
        if not isinstance(findings, Findings):
            raise LabrunError(f"{plugin.name}.analyse must return labrun.Findings, not {type(findings).__name__}")
        findings.save(folder)
        return findings.warnings

    def _seal(
        self, planned: Planned, folder: Path, begun: float, expected: dict[str, str] | None = None, **notes: Any
    ) -> None:
        seconds, key = time.perf_counter() - begun, planned.key
        self.plan.store.seal(folder, planned.section, key, planned.id, planned.inputs, seconds, expected, **notes)


def _in_words(error: BaseException, planned: Planned, store: Path) -> str:
    if is_out_of_space(error):
        return f"no space is left on the disk that holds {store}. {ADVICE}"
    if isinstance(error, OSError) and Path(str(error.filename)).absolute().is_relative_to(store.absolute()):
        return f"cannot write {error.filename}: {error.strerror}. What was finished is kept"
    offer = planned.stage.offer
    return f"the plugin {offer.called} raised {error_origin(offer.plugin.__module__, error)}"


def _about_failures(planned: Planned, failures: list[Failure], size: int) -> str:
    shown = "; ".join(f"member {f.member} ({_row(f.parameters)}): {f.error}" for f in failures[:3])
    more = f"; and {len(failures) - 3} more" if len(failures) > 3 else ""
    advice = "" if len(failures) == size else f", or write 'failures: skip' in {planned.id} to go on without them"
    return (
        f"{len(failures)} of {size} members failed: {shown}{more}. The others are kept. Change their parameters{advice}"
    )


def _row(parameters: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in parameters.items()) or "no swept parameters"

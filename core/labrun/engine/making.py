"""Make the result of a stage, a function for each kind."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from functools import singledispatch
from pathlib import Path
from typing import Any

from labrun.amounts import counted
from labrun.contracts.findings import Findings
from labrun.engine.asking import Asking
from labrun.engine.simulation import Simulation
from labrun.engine.stage_work import StageWork
from labrun.faults import LabrunError
from labrun.files.guarded import GuardedPath
from labrun.learning.pretrained import FILES
from labrun.project.stage import (
    AdaptiveStage,
    AnalysisStage,
    DatasetStage,
    FittedModelStage,
    PretrainedModelStage,
    SimulationStage,
    Stage,
)
from labrun.seeds import integer_seed
from labrun.store.parts import Failure, Receipt, part_name

__all__ = ["MembersFailed", "make"]

KINDS = 3
"""Kinds of errors that the message about failed members shows."""


class MembersFailed(LabrunError):
    """Members of a simulation failed; all others are done and kept. `traceback` is that of the first."""

    def __init__(self, message: str, traceback: str) -> None:
        super().__init__(message)
        self.traceback = traceback


@singledispatch
def make(stage: Stage, work: StageWork) -> list[str]:
    """Make the result of a stage, and return warnings about it.

    Raises:
        LabrunError: it cannot be made.
        Exception: whatever the plugin raises.
        KeyboardInterrupt: the run was asked to stop.
    """
    raise NotImplementedError(type(stage))


@make.register(SimulationStage)
def _simulate(stage: SimulationStage, work: StageWork) -> list[str]:
    simulation = Simulation.of(work.plan, stage)
    _seal_members(simulation, work, _made_members(simulation, work, stage.table.size))
    return []


@make.register(AdaptiveStage)
def _ask(stage: AdaptiveStage, work: StageWork) -> list[str]:
    asking = Asking(stage, work)
    receipts = _made_members(asking, work, stage.most_members)
    asking.measure(len(asking.rounds), receipts)
    _seal_members(asking, work, receipts, asking.files(), stopped=asking.stopped, changes=asking.changes)
    return []


def _made_members(simulation: Simulation, work: StageWork, total: int) -> dict[int, Receipt]:
    """Make the parts of a simulation that are missing, and return the receipts of all.

    Raises:
        MembersFailed: members failed, and the project does not allow it.
    """
    receipts, damaged_parts = simulation.examine()
    damage = {one.name: one for one in [*damaged_parts, *work.damage]}
    work.complain(damage.values(), "it is made again")
    lost = {Path(name).stem for name in damage if Path(name).parent.name == "parts"}
    receipts = {n: receipt for n, receipt in receipts.items() if Path(part_name(n)).stem not in lost}
    work.started("members", total, simulation.count(receipts))

    def progress(done: int) -> None:
        work.progressed(done, total, "members", simulation.numbers)

    simulation.run(work.workers, receipts, progress, work.interruption)
    failures, stage = _failures(receipts), simulation.stage
    if failures and (stage.failures == "stop" or len(failures) == stage.table.size):
        raise MembersFailed(_about_failures(stage, failures), failures[0].traceback)
    return receipts


def _failures(receipts: dict[int, Receipt]) -> list[Failure]:
    return [failure for number in sorted(receipts) for failure in receipts[number].failures]


def _seal_members(
    simulation: Simulation,
    work: StageWork,
    receipts: dict[int, Receipt],
    further: Mapping[str, str] | None = None,
    **notes: Any,
) -> None:
    """Seal the members with what failed among them; `further` are the digests of files beside the parts."""
    failures = _failures(receipts)
    failed = sorted(failure.member for failure in failures)
    parts = {f"parts/{part_name(number)}": receipt.sha256 for number, receipt in receipts.items()} | dict(further or {})
    listed = [vars(failure) for failure in failures]
    work.seal(simulation.folder.parent.path, parts, failed=failed, failures=listed, **notes)


@make.register(DatasetStage)
def _describe_examples(stage: DatasetStage, work: StageWork) -> list[str]:
    from labrun.learning.summary import summarize_examples

    work.started("steps", 1)
    with work.building() as folder:
        summary = summarize_examples(*work.results.first_examples(stage, folder))
        (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return list(summary["warnings"])


@make.register(FittedModelStage)
def _train(stage: FittedModelStage, work: StageWork) -> list[str]:
    from labrun.learning.checkpoint import checkpoint_in, damage_of_checkpoint, epochs_done
    from labrun.learning.training import train

    work.workers.stop()  # their memory is wanted now
    fit = stage.fit
    checkpoint = checkpoint_in(work.plan.store.checkpoints(work.planned.key))
    if damage := damage_of_checkpoint(checkpoint, fit.samples.every if fit.samples else None):
        work.complain(damage, "the training begins anew")
        checkpoint.parent.remove_all()
    work.started("epochs", fit.epochs, epochs_done(checkpoint))
    examples = work.results.get(stage.train)
    validation = work.results.get(stage.validation) if stage.validation else None

    def progress(epoch: int, numbers: dict[str, float]) -> None:
        work.progressed(epoch, fit.epochs, "epochs", numbers)
        work.interruption.check()

    seed = integer_seed(work.plan.project.seed, stage.section, stage.base, fit.seed)
    inputs = work.results.inputs(stage)
    with work.building() as folder:
        train(stage.plugin, fit, examples, validation, inputs, seed, checkpoint, folder, progress)
    checkpoint.parent.remove_all()
    return []


@make.register(PretrainedModelStage)
def _copy_pretrained(stage: PretrainedModelStage, work: StageWork) -> list[str]:
    work.started("steps", 1)
    with work.building() as folder:
        for name in FILES:
            (GuardedPath(stage.folder) / name).copy_to(GuardedPath(folder) / name)
    return []


@make.register(AnalysisStage)
def _analyse(stage: AnalysisStage, work: StageWork) -> list[str]:
    import matplotlib as mpl
    import matplotlib.style

    from labrun.kit.figure_text import make_legible

    work.started("steps", 1)
    mpl.use("agg")
    with work.building() as folder, mpl.style.context("labrun.kit.figures"):
        inputs = work.results.inputs(stage)
        findings = stage.plugin.analyse(**inputs)
        if not isinstance(findings, Findings):
            raise LabrunError(f"{stage.plugin.name}.analyse must return labrun.Findings, not {type(findings).__name__}")
        make_legible(findings, inputs)
        findings.save(folder)
    return list(findings.warnings)


def _about_failures(stage: SimulationStage, failures: list[Failure]) -> str:
    """Count the kinds of errors, name the first member of each, and say what to do."""
    size, kinds = stage.table.size, Counter(failure.error for failure in failures)
    first = {failure.error: failure for failure in reversed(failures)}
    shown = [
        f"{f'{count} × ' if len(kinds) > 1 else ''}{error}, first in member {first[error].member} ({_row(first[error].parameters)})"
        for error, count in kinds.most_common(KINDS)
    ]
    if others := len(kinds) - len(shown):
        shown.append(counted(others, "other errors"))
    if kept := size - len(failures):
        successful = counted(kept, "successful members are", "successful member is")
        patience = ", raise 'timeout'" if any(failure.timeout is not None for failure in failures) else ""
        remedy = f"Fix the simulator or the failed parameters{patience}, or set 'failures: skip' in {stage.id}"
        advice = f"The {successful} kept. {remedy}"
    else:
        advice = "No member succeeded. Fix the simulator or its parameters"
    return f"{len(failures)} of {size} members failed: {'; '.join(shown)}. {advice}"


def _row(parameters: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in parameters.items()) or "no swept parameters"

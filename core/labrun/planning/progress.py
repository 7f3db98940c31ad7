"""Measure the progress of each kind of stage by what the store holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

from labrun.learning.checkpoint import checkpoint_in, epochs_done
from labrun.planning.plan import Plan, Planned
from labrun.project.stage import AdaptiveStage, FittedModelStage, SimulationStage, Stage
from labrun.store.parts import part_name

__all__ = ["Progress", "progress_of"]


@dataclass(frozen=True)
class Progress:
    """`done` of `total` units of a stage are there."""

    done: int
    total: int
    unit: str
    stretch: str = ""
    """Where a stage that goes in rounds stands: `round 7 of 18`."""

    def __str__(self) -> str:
        counted = f"{self.done} of {self.total} {self.unit}"
        return f"{self.stretch}, {counted}" if self.stretch else counted


def progress_of(plan: Plan, planned: Planned) -> Progress:
    """Return how much of a stage is in the store."""
    progress = _made(planned.stage, plan, planned)
    is_done = plan.manifest(planned) is not None
    return Progress(progress.total, progress.total, progress.unit) if is_done else progress


@singledispatch
def _made(stage: Stage, plan: Plan, planned: Planned) -> Progress:
    """Return the progress of a stage that is not finished."""
    return Progress(0, 1, "steps")


@_made.register(SimulationStage)
def _(stage: SimulationStage, plan: Plan, planned: Planned) -> Progress:
    parts = len(stage.stored_parts)
    folder = plan.place(planned) / "parts"
    return Progress(sum((folder / part_name(i)).is_regular() for i in range(parts)), parts, "parts")


@_made.register(AdaptiveStage)
def _(stage: AdaptiveStage, plan: Plan, planned: Planned) -> Progress:
    place = plan.place(planned)
    made = stage.as_made(place)
    parts = (len(part) for i, part in enumerate(made.stored_parts) if (place / "parts" / part_name(i)).is_regular())
    stretch = f"round {len(made.rounds) - 1} of {stage.adaptive.rounds}"
    return Progress(sum(parts), stage.most_members, "members", stretch)


@_made.register(FittedModelStage)
def _(stage: FittedModelStage, plan: Plan, planned: Planned) -> Progress:
    return Progress(epochs_done(checkpoint_in(plan.store.checkpoints(planned.key))), stage.fit.epochs, "epochs")

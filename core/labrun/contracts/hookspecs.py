"""The hooks of labrun: five by which packages offer plugins, five by which observers follow a run.

An implementation may omit arguments; those that it takes are passed by name. Observers are called one by one: if one raises, this is
reported once, and the run continues without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from labrun.contracts.events import RunFinished, RunStarted, StageFinished, StageProgressed, StageStarted
    from labrun.contracts.plugin import Analysis, Dataset, Model, Sampler, Simulator

hookspec = pluggy.HookspecMarker("labrun")


@hookspec
def labrun_simulators() -> Sequence[type[Simulator]]:
    """Return the simulators that this package offers."""
    raise NotImplementedError


@hookspec
def labrun_datasets() -> Sequence[type[Dataset]]:
    """Return the datasets that this package offers."""
    raise NotImplementedError


@hookspec
def labrun_models() -> Sequence[type[Model]]:
    """Return the models that this package offers."""
    raise NotImplementedError


@hookspec
def labrun_analyses() -> Sequence[type[Analysis]]:
    """Return the analyses that this package offers."""
    raise NotImplementedError


@hookspec
def labrun_samplers() -> Sequence[type[Sampler]]:
    """Return the samplers that this package offers."""
    raise NotImplementedError


@hookspec
def labrun_run_started(event: RunStarted) -> None:
    """A run begins; `event` holds its folder, its stages, and which of them are in the store already."""


@hookspec
def labrun_stage_started(event: StageStarted) -> None:
    """A stage begins, or is found in the store."""


@hookspec
def labrun_stage_progressed(event: StageProgressed) -> None:
    """Some members, epochs or steps of a stage are done."""


@hookspec
def labrun_stage_finished(event: StageFinished) -> None:
    """A stage is done, was reused, failed, was interrupted, or was skipped because a stage that it needs failed."""


@hookspec
def labrun_run_finished(event: RunFinished) -> None:
    """The run is over, whatever its outcome."""

"""The hooks of labrun: four by which plugins offer what they have, five by which observers follow a run.

An implementation takes any of the arguments, by name. Observers are called one by one: one that raises is reported
once, and the run goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from labrun.contracts.events import RunFinished, RunStarted, StageFinished, StageProgressed, StageStarted
    from labrun.contracts.plugin import Analysis, Dataset, Model, Simulator

hookspec = pluggy.HookspecMarker("labrun")


@hookspec
def labrun_simulators() -> Sequence[type[Simulator]]:
    """Return the simulators that this plugin offers."""
    raise NotImplementedError


@hookspec
def labrun_datasets() -> Sequence[type[Dataset]]:
    """Return the datasets that this plugin offers."""
    raise NotImplementedError


@hookspec
def labrun_models() -> Sequence[type[Model]]:
    """Return the models that this plugin offers."""
    raise NotImplementedError


@hookspec
def labrun_analyses() -> Sequence[type[Analysis]]:
    """Return the analyses that this plugin offers."""
    raise NotImplementedError


@hookspec
def labrun_run_started(event: RunStarted) -> None:
    """A run begins: its folder, its stages, how many of them are in the store already."""


@hookspec
def labrun_stage_started(event: StageStarted) -> None:
    """A stage begins, or is found in the store."""


@hookspec
def labrun_stage_progressed(event: StageProgressed) -> None:
    """Some members, epochs or steps of a stage are done."""


@hookspec
def labrun_stage_finished(event: StageFinished) -> None:
    """A stage is done, was reused, failed or was skipped because something that it needs failed."""


@hookspec
def labrun_run_finished(event: RunFinished) -> None:
    """The run is over, whatever its end."""

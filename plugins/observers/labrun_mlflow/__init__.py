"""Follows runs in MLflow, where the environment variable `MLFLOW_TRACKING_URI` names a place for them.

One MLflow run for each run, in the experiment that has the project's name: parameters are the values of the project,
metrics those of its analyses, artifacts the report, figures and tables. A nested run for each model has its configuration
and a metric for each number that is told of an epoch.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from labrun import hookimpl

if TYPE_CHECKING:
    from labrun.contracts.events import RunFinished, RunStarted, StageFinished, StageProgressed, StageStarted
    from labrun_mlflow.tracker import Tracker

_tracker: Tracker | None = None
"""Follows the run in work, where one is wanted."""


@hookimpl
def labrun_run_started(event: RunStarted) -> None:
    global _tracker
    _tracker = None
    if os.environ.get("MLFLOW_TRACKING_URI"):
        from labrun_mlflow.tracker import Tracker  # MLflow takes seconds to import

        _tracker = Tracker(event)


@hookimpl
def labrun_stage_started(event: StageStarted) -> None:
    if _tracker:
        _tracker.stage_started(event)


@hookimpl
def labrun_stage_progressed(event: StageProgressed) -> None:
    if _tracker:
        _tracker.stage_progressed(event)


@hookimpl
def labrun_stage_finished(event: StageFinished) -> None:
    if _tracker:
        _tracker.stage_finished(event)


@hookimpl(trylast=True)  # the report is there then
def labrun_run_finished(event: RunFinished) -> None:
    if _tracker:
        _tracker.run_finished(event)

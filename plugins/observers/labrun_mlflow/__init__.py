"""Record runs in MLflow if the environment variable `MLFLOW_TRACKING_URI` is set.

Each run becomes an MLflow run in the experiment with the project's name: its parameters are the values of the project, its metrics those
of the analyses, its artifacts the report, figures and tables. A nested run for each model holds its configuration and the numbers of each
epoch as metrics.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from labrun import hookimpl

if TYPE_CHECKING:
    from labrun.contracts.events import RunFinished, RunStarted, StageFinished, StageProgressed, StageStarted
    from labrun_mlflow.tracker import Tracker

_tracker: Tracker | None = None
"""Records the current run, if MLflow is configured."""


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


@hookimpl(trylast=True)  # after the report is written
def labrun_run_finished(event: RunFinished) -> None:
    if _tracker:
        _tracker.run_finished(event)

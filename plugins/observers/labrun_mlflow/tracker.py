"""Record a run of labrun as a run of MLflow, with a nested run for each model."""

from __future__ import annotations

import csv
import json
import re
import time
from pathlib import Path
from typing import Any

import yaml

from labrun.contracts.events import RunFinished, RunStarted, StageFinished, StageProgressed, StageStarted
from labrun.flattening import flattened
from labrun_mlflow.client import open_client

__all__ = ["Tracker"]

STATUS = {
    "done": "FINISHED",
    "reused": "FINISHED",
    "failed": "FAILED",
    "skipped": "FAILED",
    "interrupted": "KILLED",
}
AT_ONCE = 100
"""Parameters that MLflow accepts in one call."""


def _project_in(folder: Path) -> dict[str, Any]:
    """Return the resolved project of a run, which labrun writes as plain YAML."""
    project: dict[str, Any] = yaml.safe_load((folder / "project.yaml").read_text(encoding="utf-8"))
    return project


class Tracker:
    """Sends the events of one run to MLflow.

    Raises:
        LabrunError: MLflow cannot be used.
    """

    def __init__(self, event: RunStarted) -> None:
        self._client = open_client()
        experiment = self._client.get_experiment_by_name(event.project)
        self._experiment = experiment.experiment_id if experiment else self._client.create_experiment(event.project)
        self._folder = Path(event.folder)
        self._models: dict[str, str] = {}
        self._logged: dict[str, set[int]] = {}
        name = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.time))
        self._run = self._begin(event.time, name, {"labrun.folder": str(self._folder.absolute())})
        self._log_params(self._run, _project_in(self._folder))

    def stage_started(self, event: StageStarted) -> None:
        if event.stage.startswith("models."):
            self._begin_model(event.stage, event.time, event.inputs)

    def stage_progressed(self, event: StageProgressed) -> None:
        if event.stage in self._models:
            self._log_epoch(event.stage, event.done, event.numbers, event.time)

    def stage_finished(self, event: StageFinished) -> None:
        section, _, name = event.stage.partition(".")
        folder = Path(event.folder) if event.folder else None
        if section == "models":
            self._finish_model(event, folder)
        elif section == "analyses" and folder:
            self._log_findings(folder, name, event.time)

    def run_finished(self, event: RunFinished) -> None:
        report = [Path(event.report)] if event.report else []
        for path in (*report, self._folder / "project.yaml", self._folder / "run.json"):
            if path.is_file():
                self._client.log_artifact(self._run, str(path))
        self._end(self._run, event.outcome, event.time)

    # -- models --

    def _begin_model(self, stage: str, begun: float, inputs: dict[str, Any]) -> None:
        tags = {"mlflow.parentRunId": self._run, "labrun.contracts.plugin": inputs["plugin"]["name"]}
        self._models[stage] = self._begin(begun, stage.partition(".")[2], tags)
        self._log_params(self._models[stage], inputs["config"] | {"fit": inputs.get("fit", {})})

    def _finish_model(self, event: StageFinished, folder: Path | None) -> None:
        """Send the epochs that were not sent during training: those of an earlier run, or all if the model is reused."""
        if folder and event.stage not in self._models:
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            self._begin_model(event.stage, event.time, manifest["inputs"])
        if folder:
            with (folder / "history.csv").open(newline="", encoding="utf-8") as stream:
                for row in csv.DictReader(stream):
                    numbers = {name: float(value) for name, value in row.items() if value and name != "epoch"}
                    self._log_epoch(event.stage, int(float(row["epoch"])), numbers, event.time)
        if event.stage in self._models:
            if event.message:
                self._client.set_tag(self._models[event.stage], "mlflow.note.content", event.message)
            self._end(self._models[event.stage], event.outcome, event.time)

    def _log_epoch(self, stage: str, epoch: int, numbers: dict[str, float], when: float) -> None:
        logged = self._logged.setdefault(stage, set())
        if epoch not in logged:
            logged.add(epoch)
            self._log_metrics(self._models[stage], numbers, when, epoch)

    # -- analyses --

    def _log_findings(self, folder: Path, name: str, when: float) -> None:
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        self._log_metrics(self._run, {f"{name}/{metric}": value for metric, value in metrics.items()}, when)
        contents = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
        figures = [f"{figure}.{kind}" for figure in contents["figures"] for kind in ("png", "svg")]
        for file in [*figures, *(f"{table}.csv" for table in contents["tables"])]:
            self._client.log_artifact(self._run, str(folder / file), f"analyses/{_named(name)}")

    # -- shared parts --

    def _begin(self, begun: float, name: str, tags: dict[str, str]) -> str:
        run = self._client.create_run(self._experiment, round(begun * 1000), tags, name)
        return str(run.info.run_id)

    def _end(self, run: str, outcome: str, when: float) -> None:
        self._client.set_terminated(run, STATUS[outcome], round(when * 1000))

    def _log_params(self, run: str, values: dict[str, Any]) -> None:
        from mlflow.entities import Param

        by_name = {_named(name): str(value) for name, value in flattened(values).items()}
        params = [Param(name, value) for name, value in by_name.items()]
        for start in range(0, len(params), AT_ONCE):
            self._client.log_batch(run, params=params[start : start + AT_ONCE])

    def _log_metrics(self, run: str, numbers: dict[str, float], when: float, step: int = 0) -> None:
        from mlflow.entities import Metric

        metrics = {_named(name): value for name, value in numbers.items()}
        self._client.log_batch(run, [Metric(name, value, round(when * 1000), step) for name, value in metrics.items()])


def _named(name: str) -> str:
    """Return a name that MLflow accepts: at most 250 letters, digits and `_-.: /`."""
    return re.sub(r"[^\w\-.: /]", "_", name)[:250]

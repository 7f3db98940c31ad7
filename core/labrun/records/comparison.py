"""Compare runs: their configuration, the versions that made them, their cost and their results."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from labrun.contracts.findings import read_measures
from labrun.contracts.measure import Comparison, Measure, p_in_words
from labrun.faults import ProjectFaults
from labrun.files.atomic import read_json
from labrun.flattening import flattened
from labrun.kit.comparison import compare, correct
from labrun.records.run_record import RunRecord, expect_sound, read_run

__all__ = ["ABSENT", "Row", "compare_runs", "difference"]

ABSENT = object()
"""Stands where a run has no value of that name."""
WHERE_DIFFERENT = ("configuration", "versions", "outcomes")
"""Topics that are listed only where runs differ; numbers are always listed."""

Facts = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """One value of each run, in the order of the runs."""

    about: str
    name: str
    values: list[Any]
    tests: list[Comparison | None] = field(default_factory=list)
    """Of a metric, each value compared with the first, where both were measured on the same units"""

    @property
    def distinct(self) -> int:
        """The number of different values."""
        return len({_written(value) for value in self.values})

    @property
    def differs(self) -> bool:
        """Whether the runs have different values."""
        return self.distinct > 1


def compare_runs(folders: Sequence[Path], everything: bool = False) -> list[Row]:
    """List where the runs in these folders differ, and all of their numbers; with `everything`, also what is equal.

    Metrics that were measured on the same members are compared with those of the first run by a paired permutation test; p is corrected for
    the number of tests (`labrun.kit.comparison`).

    Raises:
        ProjectFaults: a folder does not hold a run, or the run is damaged.
    """
    runs, faults = [], []
    for folder in folders:
        try:
            run = read_run(folder)
            with expect_sound(folder):
                runs.append(_facts(run))
        except ProjectFaults as error:
            faults += error.faults
    if faults:
        raise ProjectFaults(faults)
    rows: list[Row] = []
    for about in runs[0]:
        for name in dict.fromkeys(chain.from_iterable(run[about] for run in runs)):
            row = Row(about, name, [run[about].get(name, ABSENT) for run in runs])
            if everything or about not in WHERE_DIFFERENT or row.differs:
                rows.append(row)
    return _tested(rows)


def _tested(rows: list[Row]) -> list[Row]:
    """Add the tests of metrics."""
    tests = {
        (i, j): found
        for i, row in enumerate(rows)
        if row.about == "metrics" and isinstance(row.values[0], Measure)
        for j, value in enumerate(row.values)
        if j and isinstance(value, Measure) and (found := compare(value, row.values[0]))
    }
    corrected = dict(zip(tests, correct([*tests.values()]), strict=True))
    tested = {i for i, _ in corrected}
    return [
        replace(row, tests=[corrected.get((i, j)) for j in range(len(row.values))]) if i in tested else row
        for i, row in enumerate(rows)
    ]


def _facts(run: RunRecord) -> Facts:
    """The values of a run by topic: configuration, versions, outcomes, metrics, training and cost, each by name."""
    outcomes = {name: entry["outcome"] for name, entry in run.stages.items()}
    return {
        "configuration": _configuration(run),
        "versions": _versions(run),
        "outcomes": {"run": run.record["outcome"]} | outcomes,
        "metrics": _metrics(run),
        "training": _trainings(run),
        "cost": _cost(run),
    }


def _configuration(run: RunRecord) -> dict[str, Any]:
    """The project, with the defaults that its stages used. Of a sweep also the number of members and the digest of their
    parameters: a table beside the project may have changed."""
    values = flattened(run.project)
    for stage, entry in run.stages.items():
        inputs = entry["inputs"]
        blocks = {"with": inputs["config"], "fit": inputs.get("fit"), "sweep": inputs.get("sweep")}
        values |= flattened({name: block for name, block in blocks.items() if block}, stage)
    return values


def _versions(run: RunRecord) -> dict[str, Any]:
    git = run.record["git"] or {"commit": None, "dirty": None}
    plugins = {entry["plugin"]: entry for entry in run.stages.values()}
    return {
        **run.record["versions"],
        **{f"{name}: version": entry["plugin_version"] for name, entry in plugins.items()},
        **{f"{name}: source": entry["inputs"]["plugin"]["source"] for name, entry in plugins.items()},
        "keras_backend": run.record["keras_backend"],
        **{f"git: {key}": value for key, value in git.items()},
        **{f"host: {key}": value for key, value in run.record["host"].items()},
    }


def _metrics(run: RunRecord) -> dict[str, Any]:
    found = {}
    for name in run.done("analyses"):
        path = run.file(name, "metrics.json")
        found[name] = read_json(path) | read_measures(path.parent)
    return {f"{name}: {key}": value for name, metrics in found.items() for key, value in metrics.items()}


def _trainings(run: RunRecord) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in run.done("models"):
        with run.file(name, "history.csv").opened("r", newline="", encoding="utf-8") as stream:
            history = [{column: float(text) for column, text in row.items() if text} for row in csv.DictReader(stream)]
        values[f"{name}: epochs"] = int(history[-1].get("epoch", len(history)))
        monitored = "val_loss" if "val_loss" in history[-1] else "loss"
        values[f"{name}: best {monitored}"] = min(row[monitored] for row in history)
        values |= {f"{name}: last {key}": value for key, value in history[-1].items() if key != "epoch"}
    return values


def _cost(run: RunRecord) -> dict[str, Any]:
    memory = run.record["peak_memory_bytes"] or {}
    seconds = {name: entry["seconds"] for name, entry in run.stages.items() if entry["seconds"] is not None}
    return {
        "run [s]": run.record["seconds"],
        **{f"{name} [s]": value for name, value in seconds.items()},
        **{f"peak memory, {name.replace('_', ' ')} [MB]": value / 1e6 for name, value in memory.items()},
    }


def _written(value: Any) -> str:
    """The value as JSON; equal values have equal texts, also 30 and 30.0."""
    return "" if value is ABSENT else json.dumps(_plain(value), sort_keys=True, default=str)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return int(value) if value.is_integer() else float(value)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return {key: _plain(one) for key, one in value.items()} if isinstance(value, dict) else value


def difference(value: Any, first: Any, test: Comparison | None = None) -> str:
    """Format the difference from the first number, ` (+0.02, p = 0.004)`; empty for equal numbers and for values that are not numbers."""
    numbers = [number for number in (value, first) if isinstance(number, (int, float)) and math.isfinite(number)]
    if len(numbers) < 2 or value == first:
        return ""
    return f" ({float(value) - float(first):+.3g}{f', {p_in_words(test.p)}' if test else ''})"

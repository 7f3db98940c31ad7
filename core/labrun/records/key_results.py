"""The key results of a run: the first number of each analysis with its interval, and the warnings about its results."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from labrun.contracts.findings import read_contents
from labrun.files.atomic import read_json
from labrun.records.run_record import RunRecord, place_of

__all__ = ["KeyResult", "Warned", "key_results", "warnings_of"]


@dataclass(frozen=True)
class KeyResult:
    """A number that a stage has found; `low` and `high` are the ends of its interval, if it has one."""

    stage: str
    name: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Warned:
    """What a reader must know before believing the result of a stage."""

    stage: str
    text: str


def key_results(run: RunRecord, stages: Collection[str] | None = None) -> list[KeyResult]:
    """Return the first number of each finished analysis (of these stages, or of all), in the order of the project.

    The numbers `x, low` and `x, high` are the interval of `x`.
    """
    found = []
    for stage in run.in_order():
        if stage.startswith("analyses.") and run.is_done(stage) and (stages is None or stage in stages):
            metrics = read_json(run.file(stage, "metrics.json"))
            for name in read_contents(run.folder / place_of(stage))["metrics"][:1]:
                low, high = (metrics.get(f"{name}, {end}") for end in ("low", "high"))
                found.append(KeyResult(stage, name, metrics[name], low, high))
    return found


def warnings_of(run: RunRecord, stages: Collection[str] | None = None) -> list[Warned]:
    """Return the warnings of finished stages (of these, or of all), each once."""
    found = []
    for stage in run.in_order():
        if run.is_done(stage) and (stages is None or stage in stages):
            if stage.startswith("datasets."):
                texts = read_json(run.file(stage, "summary.json"))["warnings"]
            elif stage.startswith("analyses."):
                texts = read_contents(run.folder / place_of(stage))["warnings"]
            else:
                texts = run.stages[stage].get("remarks", [])
            found += [Warned(stage, text) for text in texts]
    return list(dict.fromkeys(found))

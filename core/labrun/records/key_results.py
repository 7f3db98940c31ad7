"""The key results of a run: the measures that matter of each analysis, and the warnings about its results."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from labrun.contracts.findings import read_contents, read_metrics
from labrun.contracts.measure import Interval, Measure
from labrun.files.atomic import read_json
from labrun.records.run_record import RunRecord, place_of

__all__ = ["KeyResult", "Warned", "key_measures", "key_results", "measures_of", "warnings_of"]


@dataclass(frozen=True)
class KeyResult:
    """A measure that a stage has found, and its name among the metrics."""

    stage: str
    name: str
    measure: Measure

    def record(self) -> dict[str, Any]:
        """Return the result as JSON holds it: stage, name, value, `low` and `high` (null without an interval), and what else is known."""
        known = self.measure.record()
        known.pop("judged", None)
        ends = known.pop("interval", {"low": None, "high": None})
        if not ends.get("method"):  # two plain numbers
            ends = {"low": ends["low"], "high": ends["high"]}
        return known | ends | {"stage": self.stage, "name": self.name, "value": self.measure.value}


@dataclass(frozen=True)
class Warned:
    """A warning about the result of a stage."""

    stage: str
    text: str


def key_results(run: RunRecord, stages: Collection[str] | None = None) -> list[KeyResult]:
    """Return the key measures of each finished analysis (of these stages, or of all), in the order of the project."""
    found = []
    for stage in run.in_order():
        if stage.startswith("analyses.") and run.is_done(stage) and (stages is None or stage in stages):
            measures = measures_of(read_metrics(run.file(stage, "metrics.json").parent))
            found += [KeyResult(stage, name, measure) for name, measure in key_measures(measures).items()]
    return found


def measures_of(metrics: Mapping[str, float | Measure]) -> dict[str, Measure]:
    """Return all metrics as measures. The plain numbers `x, low` and `x, high` are the interval of a plain number `x`."""
    ends = {f"{name}, {end}" for name in metrics for end in ("low", "high") if _interval(name, metrics)}
    return {name: _measure(name, metrics) for name in metrics if name not in ends}


def key_measures(measures: Mapping[str, Measure]) -> dict[str, Measure]:
    """Return the key measures of an analysis. If it has none: its first number with an interval, else the first that is not a count."""
    keys = [name for name, one in measures.items() if one.key]
    with_intervals = [name for name, one in measures.items() if one.interval is not None]
    no_counts = [name for name, one in measures.items() if not one.is_integer() or float(one) in (0.0, 1.0)]
    return {name: measures[name] for name in keys or with_intervals[:1] or no_counts[:1]}


def _measure(name: str, metrics: Mapping[str, float | Measure]) -> Measure:
    value = metrics[name]
    return value if isinstance(value, Measure) else Measure(value, interval=_interval(name, metrics))


def _interval(name: str, metrics: Mapping[str, float | Measure]) -> Interval | None:
    low, high = (metrics.get(f"{name}, {end}") for end in ("low", "high"))
    return None if low is None or high is None else Interval(low, high)


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

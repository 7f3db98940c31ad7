"""The last lines of a run: how it ended, its key results, warnings, and where the report is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from labrun.amounts import counted, duration_in_words, shown
from labrun.contracts.events import RunFinished
from labrun.contracts.measure import Measure
from labrun.faults import LabrunError
from labrun.records.key_results import key_results, warnings_of
from labrun.records.run_record import expect_sound, read_run

__all__ = ["closing_lines", "result_line"]

RESULTS, WARNINGS = 5, 3
"""Key results and warnings that are shown; the report has all."""
BESIDE = ("value", "unit", "n", "units", "better", "baseline", "ceiling", "comparison")
"""What a line holds of a key result"""
ENDINGS = {"done": "finished", "failed": "stages failed", "interrupted": "interrupted"}


def closing_lines(event: RunFinished, folder: Path, stages: Collection[str]) -> list[str]:
    """Return the last lines of a run of these stages."""
    ending = f"{ENDINGS[event.outcome]} after {duration_in_words(event.seconds)}"
    try:
        found = _results(folder, stages)
    except LabrunError:  # the record could not be written, which has been reported
        found = []
    return [ending, *found, f"report: {event.report}" if event.report else "there is no report"]


def _results(folder: Path, stages: Collection[str]) -> list[str]:
    run = read_run(folder)
    with expect_sound(folder):
        results, warned = key_results(run, stages), warnings_of(run, stages)
    lines = [f"  {result_line(result.record())}" for result in results[:RESULTS]]
    lines += [f"  warning, {one.stage.partition('.')[2]}: {' '.join(one.text.split())}" for one in warned[:WARNINGS]]
    more = [(len(results) - RESULTS, "results"), (len(warned) - WARNINGS, "warnings")]
    rest = " and ".join(counted(count, f"more {things}") for count, things in more if count > 0)
    return [*lines, f"  {rest} in the report"] if rest else lines


def result_line(result: Mapping[str, Any]) -> str:
    """Return the record of a key result in a line, beside its baseline and a ceiling that is not simply 0 or 1:

    `confusion: accuracy test 0.933 [0.88, 0.97] over 40 members, better than trees 0.91 (+0.021 [0.008, 0.034], p = 0.004)`.
    """
    ends = {"low": result["low"], "high": result["high"]} if result["low"] is not None else None
    known = {name: result[name] for name in BESIDE if name in result} | ({"interval": ends} if ends else {})
    measure = Measure.from_record(known)
    ceiling = measure.ceiling
    beside = [
        measure.beside_baseline(),
        f"best possible {shown(float(ceiling))}" if ceiling is not None and float(ceiling) not in (0.0, 1.0) else "",
    ]
    line = f"{result['stage'].partition('.')[2]}: {result['name']} {measure}"
    return ", ".join([line, *(words for words in beside if words)])

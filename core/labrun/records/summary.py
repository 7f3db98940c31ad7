"""A run in one JSON object, for programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labrun.files.trust import is_plain
from labrun.records.key_results import key_results, warnings_of
from labrun.records.messages import last_messages
from labrun.records.run_record import expect_sound, read_run

__all__ = ["summary_of"]


def summary_of(folder: Path) -> dict[str, Any]:
    """Return how a run ended, its key results, warnings and failures. Keys are added, never renamed or removed.

    Raises:
        ProjectFaults: the folder does not hold a run, or the run is damaged.
    """
    run = read_run(folder)
    with expect_sound(folder):
        messages = last_messages(folder)
        outcomes = {stage: run.stages[stage]["outcome"] for stage in run.in_order()}
        report = folder / "report.html"
        return {
            "project": run.record["project"],
            "folder": str(folder),
            "outcome": run.record["outcome"],
            "started": run.record["started"],
            "seconds": run.record["seconds"],
            "report": str(report) if is_plain(folder, report.name) else None,
            "stages": outcomes,
            "results": [result.record() for result in key_results(run)],
            "warnings": [vars(warned) for warned in warnings_of(run)],
            "failures": {stage: messages.get(stage, "") for stage, end in outcomes.items() if end == "failed"},
        }

"""Compare the stages of one matrix."""

from __future__ import annotations

from labrun.amounts import shown
from labrun.contracts.measure import Measure
from labrun.report.content import StageContent, Table

__all__ = ["compare"]


def compare(stages: list[StageContent]) -> list[Table]:
    """Return a table for each matrix, with a row for each stage: its values first, then its numbers."""
    bases: dict[tuple[str, str], list[StageContent]] = {}
    for stage in stages:
        if stage.outcome in ("done", "reused"):
            bases.setdefault((stage.section, stage.base), []).append(stage)
    tables = []
    for (section, base), found in bases.items():
        metrics = list(dict.fromkeys(name for stage in found for name in stage.metrics))
        if len(found) < 2 or not metrics:
            continue
        axes = list(found[0].values)
        rows = [
            [
                *(str(stage.values.get(axis, "")) for axis in axes),
                *(_cell(stage.metrics.get(name)) for name in metrics),
            ]
            for stage in found
        ]
        tables.append(Table(f"{section}.{base}", [*(axis.split(".")[-1] for axis in axes), *metrics], rows, ""))
    return tables


def _cell(value: object) -> str:
    return str(value) if isinstance(value, Measure) else shown(value)

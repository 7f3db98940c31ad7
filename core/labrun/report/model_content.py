"""The content of a model: its training with the validation, its network, and what it was shown."""

from __future__ import annotations

import csv

from labrun.amounts import counted, shown
from labrun.contracts.measure import Measure
from labrun.files.guarded import GuardedPath
from labrun.project.stage import Stage
from labrun.report.content import StageContent
from labrun.report.curves import draw_curves

__all__ = ["add_model"]

FILES = ("model.keras", "model.weights.h5", "history.csv")


def add_model(content: StageContent, stage: Stage, path: GuardedPath) -> None:
    """Add what a training has left."""
    with (path / "history.csv").opened("r", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    history = [{name: float(value) for name, value in row.items() if value and name != "epoch"} for row in rows]
    last = history[-1]
    watched = [name for name in last if name.startswith("val_")] or list(last)
    content.brief = f"{watched[-1].removeprefix('val_')} {shown(last[watched[-1]], 3)}" if watched else ""
    content.measures = {name: Measure(value, name=name) for name, value in last.items()}
    content.facts = {"training": counted(len(history), "epochs")}
    content.curves = draw_curves(list(enumerate(history, 1)), "epochs")
    if (path / "summary.txt").is_regular():
        content.details["layers"] = (path / "summary.txt").text()
    content.files = [name for name in FILES if (path / name).is_regular()]

"""The content of a model: its training with the validation, its network and its optimizers, and what it was shown."""

from __future__ import annotations

import base64
import csv
from typing import Any

from labrun.amounts import counted, shown
from labrun.contracts.measure import Measure
from labrun.files.atomic import read_json
from labrun.files.guarded import GuardedPath
from labrun.learning.result_files import NETWORK
from labrun.learning.seen import LABELS, PICTURE
from labrun.report.content import Figure, StageContent
from labrun.report.curves import draw_curves
from labrun.report.network_drawing import draw_network
from labrun.report.tables import Table

__all__ = ["add_model"]

FILES = ("model.keras", "model.weights.h5", "history.csv")


def add_model(content: StageContent, path: GuardedPath) -> None:
    """Add what a training has left; a model that was trained elsewhere has only its history."""
    _add_training(content, path)
    if (path / NETWORK).is_regular():
        _add_network(content, read_json(path / NETWORK))
    if (path / PICTURE).is_regular():
        _add_seen(content, path)
    content.files = [name for name in FILES if (path / name).is_regular()]


def _add_training(content: StageContent, path: GuardedPath) -> None:
    with (path / "history.csv").opened("r", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    history = [{name: float(value) for name, value in row.items() if value and name != "epoch"} for row in rows]
    last = history[-1]
    watched = [name for name in last if name.startswith("val_")] or list(last)
    content.brief = f"{watched[-1].removeprefix('val_')} {shown(last[watched[-1]], 3)}" if watched else ""
    content.measures = {name: Measure(value, name=name) for name, value in last.items()}
    content.facts = {"training": counted(len(history), "epochs")}
    content.curves = draw_curves(list(enumerate(history, 1)), "epochs")


def _add_network(content: StageContent, network: dict[str, Any]) -> None:
    layers, optimizers = network["layers"], network["optimizers"]
    content.facts["weights"] = f"{network['weights']:,}"
    for one in optimizers:
        rate = one["settings"].get("learning_rate")
        content.facts["optimizer"] = one["kind"] + (f", learning rate {rate:g}" if rate is not None else "")
    content.network = draw_network(layers)
    content.tables.append(
        Table(
            "layers",
            ["layer", "kind", "output", "weights", "inputs", "settings"],
            [
                [
                    one["name"],
                    one["kind"],
                    _size(one["shape"]),
                    one["weights"],
                    ", ".join(one["inputs"]),
                    _settings(one),
                ]
                for one in layers
            ],
        )
    )
    rows = [[one["kind"], name, str(value)] for one in optimizers for name, value in one["settings"].items()]
    content.tables.append(Table("optimizer settings", ["optimizer", "setting", "value"], rows))


def _size(shape: list[int | None] | None) -> str:
    return "" if shape is None else " × ".join("any" if size is None else str(size) for size in shape)


def _settings(layer: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_written(value)}" for name, value in layer["settings"].items())


def _written(value: Any) -> str:
    return " × ".join(map(str, value)) if isinstance(value, list) else str(value)


def _add_seen(content: StageContent, path: GuardedPath) -> None:
    seen = read_json(path / LABELS)
    uri = f"data:image/png;base64,{base64.b64encode((path / PICTURE).content()).decode()}"
    channels = f" The first of {seen['channels']} channels." if seen["channels"] > 1 else ""
    labels = f" From left to right: {', '.join(seen['labels'])}." if seen["labels"] else ""
    caption = f"Training examples as the network saw them in its first epoch, after augmentation.{channels}{labels}"
    content.figures.append(Figure(f"{content.id}/seen", "seen", uri, "png", caption))

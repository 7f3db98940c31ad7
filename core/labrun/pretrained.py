"""Trained models as folders: what a run writes, what a plugin brings with it, what `labrun predict` reads.

Such a folder holds `model.json` (plugin, version, configuration), `examples.json` (the shapes and classes that it was trained
on), `model.weights.h5` and `history.csv`. The network is built by the plugin; nothing is unpickled.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from labrun.faults import LabrunError, did_you_mean
from labrun.files import sha256_of, write_json
from labrun.plugin import Model
from labrun.registry import Registry, UnknownPlugin
from labrun.trained import HISTORY, SPEC, WEIGHTS, TrainedModel

__all__ = ["CARD", "FILES", "content_of", "find_pretrained", "load_trained", "read_card", "write_card"]

CARD = "model.json"
FILES = (CARD, SPEC, WEIGHTS, HISTORY)


def write_card(folder: Path, plugin: Model, inputs: dict[str, Any]) -> None:
    """Write `model.json`; `inputs` are the stages that the model was built with, if it needs any."""
    card = {"plugin": plugin.name, "version": plugin.version, "config": plugin.model_dump(mode="json")}
    write_json(folder / CARD, card | {"inputs": sorted(inputs)})


def read_card(folder: Path) -> dict[str, Any]:
    """Read `model.json`.

    Raises:
        LabrunError: the folder holds no trained model.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise LabrunError(
            f"'{folder}' holds no trained model: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing. Give the folder "
            "of a model in a run, such as runs/gray_scott/models/cnn"
        )
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        if isinstance(card["plugin"], str) and isinstance(card["version"], int) and isinstance(card["config"], dict):
            return dict(card)
    except (ValueError, KeyError, TypeError):
        pass
    raise LabrunError(f"'{folder / CARD}' is damaged: it must name a plugin, its version and its configuration")


def content_of(folder: Path) -> dict[str, str]:
    """The digests of all that the predictions of a trained model depend on."""
    return {name: sha256_of(folder / name) for name in (CARD, SPEC, WEIGHTS)}


def find_pretrained(text: str, shipped: dict[str, Path], base: Path) -> Path:
    """The folder that a name (of a model that a plugin brings) or a path (relative to `base`) means.

    Raises:
        LabrunError: there is no such model.
    """
    if text in shipped:
        return shipped[text]
    folder = base / text
    if folder.is_dir():
        return folder
    hint = did_you_mean(text, shipped) if shipped else ""
    raise LabrunError(f"there is no trained model '{text}': it is no folder, nor one that a plugin brings{hint}")


def load_trained(folder: Path, registry: Registry) -> TrainedModel:
    """The trained model in a folder, configured as it was.

    Raises:
        LabrunError: the folder holds none, its plugin is not installed or has another version, or it was built with
            other stages of its project.
    """
    card = read_card(folder)
    try:
        offer = registry.find("models", card["plugin"])
    except UnknownPlugin as error:
        raise LabrunError(f"the model in '{folder}' cannot be built: {error}") from error
    if offer.plugin.version != card["version"]:
        raise LabrunError(
            f"the model in '{folder}' was made by version {card['version']} of '{offer.name}'; version "
            f"{offer.plugin.version} is installed, whose networks may differ. Train it again"
        )
    if card.get("inputs"):
        raise LabrunError(
            f"the model in '{folder}' was built with other stages of its project ({', '.join(card['inputs'])}): use it there"
        )
    try:
        plugin = offer.plugin.configured(card["config"])
    except ValidationError as error:
        raise LabrunError(f"'{folder / CARD}' is damaged: {error.errors()[0]['msg']}") from error
    assert isinstance(plugin, Model)
    return TrainedModel(plugin, folder, folder.name)

"""Trained models as folders: what a run writes, what a plugin brings with it, what `labrun predict` reads.

Such a folder holds `model.json` (plugin, version, configuration), `examples.json` (the shapes and classes that it was trained
on), `model.weights.h5` and `history.csv`. The network is built by the plugin; nothing is unpickled.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from labrun.contracts.plugin import Model
from labrun.contracts.trained import HISTORY, SPEC, WEIGHTS, TrainedModel
from labrun.faults import LabrunError, did_you_mean
from labrun.files.atomic import read_json, write_json
from labrun.files.digests import sha256_of
from labrun.registry.registry import Offer, Registry, UnknownPlugin
from labrun.store.store import expect_intact

__all__ = ["CARD", "FILES", "content_of", "find_pretrained", "load_trained", "made_by", "read_card", "write_card"]

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
        card = read_json(folder / CARD)
        inputs = card.setdefault("inputs", [])
        if (
            isinstance(card["plugin"], str)
            and isinstance(card["version"], int)
            and isinstance(card["config"], dict)
            and isinstance(inputs, list)
        ):
            return dict(card)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise LabrunError(f"'{folder / CARD}' is damaged: it must name a plugin, its version and its configuration")


def content_of(folder: Path) -> dict[str, str]:
    """The digests of all that a stage takes over from a trained model."""
    return {name: sha256_of(folder / name) for name in FILES}


def find_pretrained(text: str, shipped: Mapping[str, Path], base: Path) -> Path:
    """The folder that a name (of a model that a plugin brings) or a path (relative to `base`) means.

    Raises:
        LabrunError: there is no such model.
    """
    if text in shipped:
        return shipped[text]
    folder = base / text
    with contextlib.suppress(OSError):  # a text that is too long for a name, say
        if folder.is_dir():
            return folder
    hint = did_you_mean(text, shipped) if shipped else ""
    raise LabrunError(f"there is no trained model '{text}': it is no folder, nor one that a plugin brings{hint}")


def made_by(folder: Path, registry: Registry) -> Offer:
    """The plugin that the trained model in a folder was made with.

    Raises:
        LabrunError: the folder holds no trained model, or its plugin is not installed.
    """
    name = read_card(folder)["plugin"]
    try:
        return registry.find("models", name)
    except UnknownPlugin as error:
        problem = "cannot be built without its plugin (one that is a file of its own is named with --plugin FILE)"
        raise LabrunError(f"the model in '{folder}' {problem}: {error}") from error


def load_trained(folder: Path, offer: Offer) -> TrainedModel:
    """The trained model in a folder, configured as it was. The network itself is not yet built.

    Raises:
        LabrunError: the folder holds none, or a file of it is damaged; another plugin or another version of this one has made
            it, or it was built with other stages of its project.
    """
    card = read_card(folder)
    expect_intact(folder)
    if card["plugin"] != offer.name:
        raise LabrunError(f"the model in '{folder}' is a '{card['plugin']}', not a '{offer.name}'")
    if card["version"] != offer.plugin.version:
        raise LabrunError(
            f"the model in '{folder}' was made by version {card['version']} of '{offer.name}'; version "
            f"{offer.plugin.version} is installed, whose networks may differ. Train it again"
        )
    if card["inputs"]:
        stages = ", ".join(map(str, card["inputs"]))
        raise LabrunError(
            f"the model in '{folder}' was built with other stages of its project ({stages}): use it there"
        )
    try:
        plugin = offer.plugin.configured(card["config"])
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"]))
        raise LabrunError(f"'{folder / CARD}' is damaged: {f'{field}: ' if field else ''}{problem['msg']}") from error
    assert isinstance(plugin, Model)
    model = TrainedModel(plugin, folder, folder.absolute().name)
    _ = model.spec  # so that damage shows before anything runs
    return model

"""Trained models as folders: a run writes them, plugins ship them, `labrun predict` reads them.

Such a folder holds `model.json` (plugin, version, configuration), `examples.json` (the shapes and classes of the training examples),
`model.weights.h5` and `history.csv`. The plugin builds the network; nothing is unpickled.
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
from labrun.files.guarded import GuardedPath
from labrun.registry.registry import Offer, Registry, UnknownPlugin
from labrun.store.store import expect_intact

__all__ = ["CARD", "FILES", "content_of", "find_pretrained", "load_trained", "plugin_of", "read_card", "write_card"]

CARD = "model.json"
FILES = (CARD, SPEC, WEIGHTS, HISTORY)


def write_card(folder: Path, plugin: Model, inputs: dict[str, Any]) -> None:
    """Write `model.json`; `inputs` are the stages that `build` asked for, by name."""
    card = {"plugin": plugin.name, "version": plugin.version, "config": plugin.model_dump(mode="json")}
    write_json(folder / CARD, card | {"inputs": sorted(inputs)})


def read_card(folder: Path) -> dict[str, Any]:
    """Read `model.json`.

    Raises:
        LabrunError: the folder does not contain a trained model.
    """
    own = GuardedPath(folder)
    for name in FILES:
        (own / name).expect_own()
    missing = [name for name in FILES if not (own / name).is_regular()]
    if missing:
        raise LabrunError(
            f"'{folder}' does not contain a trained model: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing. Give the "
            "folder of a model in a run, such as runs/gray_scott/models/cnn"
        )
    try:
        card = read_json(own / CARD)
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
    """Return the digest of each file that a stage copies from a trained model."""
    return {name: sha256_of(GuardedPath(folder) / name) for name in FILES}


def find_pretrained(text: str, shipped: Mapping[str, Path], base: Path) -> Path:
    """Return the folder of a trained model, from the name of one that a plugin ships or from a path relative to `base`.

    Raises:
        LabrunError: there is no such model.
    """
    if text in shipped:
        return shipped[text]
    folder = base / text
    with contextlib.suppress(OSError):  # too long for a file name, say
        if folder.is_dir():
            return folder
    hint = did_you_mean(text, shipped) if shipped else ""
    raise LabrunError(f"there is no trained model '{text}': neither a folder nor a model that a plugin ships{hint}")


def plugin_of(folder: Path, registry: Registry) -> Offer:
    """Return the plugin that the trained model in a folder belongs to.

    Raises:
        LabrunError: the folder does not contain a trained model, or its plugin is not installed.
    """
    name = read_card(folder)["plugin"]
    try:
        return registry.find("models", name)
    except UnknownPlugin as error:
        problem = "cannot be built without its plugin (if that is a local file, name it with --plugin FILE)"
        raise LabrunError(f"the model in '{folder}' {problem}: {error}") from error


def load_trained(folder: Path, offer: Offer) -> TrainedModel:
    """Return the trained model in a folder, with the configuration that it was trained with. Its network is built when first used.

    Raises:
        LabrunError: the folder does not contain a trained model, or one of its files is damaged; the model belongs to another plugin or
            another version of this one, or was built from other stages of its project.
    """
    card = read_card(folder)
    expect_intact(folder)
    if card["plugin"] != offer.name:
        raise LabrunError(f"the model in '{folder}' is a '{card['plugin']}', not a '{offer.name}'")
    if card["version"] != offer.plugin.version:
        raise LabrunError(
            f"the model in '{folder}' was trained with version {card['version']} of '{offer.name}', but version {offer.plugin.version} is "
            "installed, whose networks may differ. Train it again"
        )
    if card["inputs"]:
        stages = ", ".join(map(str, card["inputs"]))
        raise LabrunError(
            f"the model in '{folder}' was built from other stages of its project ({stages}): use it in that project"
        )
    try:
        plugin = offer.plugin.configured(card["config"])
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"]))
        raise LabrunError(f"'{folder / CARD}' is damaged: {f'{field}: ' if field else ''}{problem['msg']}") from error
    assert isinstance(plugin, Model)
    model = TrainedModel(plugin, folder, folder.absolute().name)
    _ = model.spec  # damage shows before anything runs
    return model

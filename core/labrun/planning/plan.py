"""From a checked project to what must be done: the key of every stage, and which of them are in the store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labrun.contracts.backend import keras_backend
from labrun.contracts.inputs import Section
from labrun.files.digests import digest_of
from labrun.files.integrity import Damage
from labrun.learning.pretrained import content_of
from labrun.planning.versions import ENGINE
from labrun.project.load import Project, Ref, Stage
from labrun.project.sweeptable import SweepTable
from labrun.registry.fingerprint import fingerprint
from labrun.store.parts import cut, part_name
from labrun.store.store import Manifest, Store

__all__ = ["Plan", "Planned", "identity_of", "make_plan"]


@dataclass
class Planned:
    """A stage with its key.

    `identity` is what others that use this stage put into their own keys: the key and, for a simulation, the labels of
    its table. So a label that changes does not simulate anything again, but makes the datasets and what follows anew.
    """

    stage: Stage
    key: str
    identity: str
    inputs: dict[str, Any]
    code: Mapping[str, str]
    """The digest of each file of code that the key covers, by name."""

    @property
    def id(self) -> str:
        return self.stage.id

    @property
    def section(self) -> Section:
        return self.stage.section


@dataclass
class Plan:
    """All stages that a run is about, in order."""

    project: Project
    store: Store
    stages: dict[str, Planned]

    def manifest(self, planned: Planned) -> Manifest | None:
        """The manifest of a stage that is in the store."""
        return self.store.manifest(planned.section, planned.key)

    def seconds(self, planned: Planned) -> float | None:
        """How long the result of a stage took, as its manifest tells; its files are not looked at."""
        try:
            return Manifest.read(self.folder(planned)).seconds
        except (OSError, ValueError):
            return None

    def damage(self, planned: Planned) -> list[Damage]:
        """What is wrong with the result of a stage that was finished once."""
        return self.store.examine(planned.section, planned.key)[1]

    def folder(self, planned: Planned) -> Path:
        """Where the result of a stage lies."""
        return self.store.folder(planned.section, planned.key)

    def progress(self, planned: Planned) -> tuple[int, int]:
        """How many parts (or epochs) of a stage are there, of how many; (1, 1) for a finished stage of other kinds."""
        done = self.manifest(planned) is not None
        table = planned.stage.table
        if table is None:
            return int(done), 1
        parts = len(cut(table.size, table.groups()))
        folder = self.folder(planned) / "parts"
        return parts if done else sum((folder / part_name(i)).exists() for i in range(parts)), parts


def make_plan(project: Project, root: Path, only: Iterable[str] | None = None) -> Plan:
    """Key all stages; with `only`, keep these and what they need."""
    planned: dict[str, Planned] = {}
    for stage in project.stages.values():
        planned[stage.id] = _plan(stage, project, planned)
    if only is not None:
        wanted = list(only)
        for identifier in wanted:
            wanted += [ref.id for ref in planned[identifier].stage.refs() if ref.id not in wanted]
        planned = {identifier: found for identifier, found in planned.items() if identifier in wanted}
    return Plan(project, Store(root), planned)


def _plan(stage: Stage, project: Project, planned: dict[str, Planned]) -> Planned:
    code = fingerprint(stage.offer)
    inputs: dict[str, Any] = {
        "labrun": ENGINE[stage.section],
        "plugin": {
            "name": stage.offer.name,
            "distribution": stage.offer.distribution,
            "version": stage.offer.plugin.version,
            "source": code.digest,
        },
        "config": _config(stage),
    }
    if stage.table is not None:
        inputs["seed"] = {"project": project.seed, "stage": stage.name}
        inputs["sweep"] = {
            "members": stage.table.size,
            "rows": _digest_of_columns(stage.table.parameters),
            "seed_by": _digest_of_groups(stage.table),
        }
    else:
        inputs["seed"] = {"project": project.seed, "stage": stage.base}
        inputs["from"] = {name: _identities(found, planned) for name, found in sorted(stage.inputs.items())}
    if stage.fit is not None:
        inputs["fit"] = stage.fit.model_dump(mode="json", exclude={"train", "validation", "tensorboard"})
        inputs["backend"] = keras_backend()
    if stage.pretrained is not None:
        inputs["pretrained"] = content_of(stage.pretrained)
    key = digest_of(inputs)
    return Planned(stage, key, identity_of(stage, key), inputs, code.files)


def identity_of(stage: Stage, key: str) -> str:
    """The identity of a stage whose result has this key."""
    return digest_of([key, _digest_of_columns(stage.table.labels)]) if stage.table and stage.table.labels else key


def _config(stage: Stage) -> dict[str, Any]:
    config = stage.plugin.model_dump(mode="json")
    swept = stage.table.parameters if stage.table else {}
    return {name: value for name, value in config.items() if name not in swept}


def _identities(found: Ref | list[Ref] | None, planned: dict[str, Planned]) -> Any:
    if found is None:
        return None
    if isinstance(found, list):
        return [_identities(ref, planned) for ref in found]
    stage = planned[found.id].stage
    identity = planned[found.id].identity
    if found.part is None:
        return {"stage": found.stage, "key": identity}
    split = stage.split.model_dump(mode="json") if stage.split else None
    return {"stage": found.stage, "key": identity, "part": found.part, "split": split}


def _digest_of_columns(columns: dict[str, list[Any]]) -> str:
    digest_ = hashlib.sha256()
    for name, values in columns.items():
        digest_.update(json.dumps(name).encode() + b"\0")
        for start in range(0, len(values), 65536):
            digest_.update(json.dumps(values[start : start + 65536]).encode())
    return digest_.hexdigest()


def _digest_of_groups(table: SweepTable) -> str | None:
    if table.seed_by is None:
        return None
    return _digest_of_columns({name: table.columns[name] for name in table.seed_by})

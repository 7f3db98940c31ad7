"""Give every stage of a project its key, and find out which results are in the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labrun.contracts.inputs import Section
from labrun.files.digests import digest_of
from labrun.files.guarded import GuardedPath
from labrun.files.integrity import Damage
from labrun.planning.network_places import network_places
from labrun.planning.versions import ENGINE
from labrun.project.load import Project, Ref, Stage
from labrun.project.stage import AdaptiveStage
from labrun.registry.fingerprint import fingerprint
from labrun.store.store import Manifest, Store

__all__ = ["Plan", "Planned", "make_plan"]


@dataclass
class Planned:
    """A stage with its key; `identity` stands for its result in the keys of stages that use it (`Stage.identity`)."""

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
    """The stages of a run, each after what it needs."""

    project: Project
    store: Store
    stages: dict[str, Planned]

    def manifest(self, planned: Planned) -> Manifest | None:
        """Return the manifest of a stage that is in the store and will do (`Stage.accepts`)."""
        manifest = self.store.manifest(planned.section, planned.key)
        return manifest if manifest is not None and planned.stage.accepts(manifest.notes) else None

    def seconds(self, planned: Planned) -> float | None:
        """Return how long the result of a stage took [s], from its manifest; its files are not checked."""
        try:
            return Manifest.read(self.place(planned)).seconds
        except (OSError, ValueError):
            return None

    def damage(self, planned: Planned) -> list[Damage]:
        """List what is wrong with the result of a stage that was finished once."""
        return self.store.examine(planned.section, planned.key)[1]

    def place(self, planned: Planned) -> GuardedPath:
        """Return the folder of a stage's result in the store."""
        return self.store.place(planned.section, planned.key)

    def folder(self, planned: Planned) -> Path:
        """Return where the result of a stage lies."""
        return self.place(planned).path


def make_plan(project: Project, root: Path, only: Iterable[str] | None = None) -> Plan:
    """Key all stages; with `only`, keep these and what they need."""
    planned: dict[str, Planned] = {}
    places = network_places(project)
    for stage in project.stages.values():
        planned[stage.id] = _plan(stage, project, planned, places)
    if only is not None:
        wanted = list(only)
        for identifier in wanted:
            wanted += [ref.id for ref in planned[identifier].stage.refs() if ref.id not in wanted]
        planned = {identifier: found for identifier, found in planned.items() if identifier in wanted}
    return Plan(project, Store(root), planned)


def _plan(stage: Stage, project: Project, planned: dict[str, Planned], places: Mapping[str, int]) -> Planned:
    code = fingerprint(stage.offer)
    files = {name: digest for offer in stage.offers for name, digest in fingerprint(offer).files.items()}
    inputs: dict[str, Any] = {
        "labrun": ENGINE[stage.section],
        "plugin": {
            "name": stage.offer.name,
            "distribution": stage.offer.distribution,
            "version": stage.offer.plugin.version,
            "source": code.digest,
        },
        "config": stage.config,
        "seed": {"project": project.seed, "stage": stage.seed_name},
        "from": {name: _citation(found, planned) for name, found in sorted(stage.needs.items())},
        **({"rounds": ENGINE["rounds"]} if isinstance(stage, AdaptiveStage) else {}),
        **stage.recipe(),
    }
    if stage.section == "analyses":
        inputs["places"] = {ref.id: places[ref.id] for ref in stage.refs() if ref.id in places}
        inputs["labels"] = project.head.label
    key = digest_of(inputs)
    return Planned(stage, key, stage.identity(key), inputs, files)


def _citation(found: Ref | list[Ref], planned: dict[str, Planned]) -> Any:
    """Name the inputs of a stage for its key."""
    if isinstance(found, list):
        return [_citation(ref, planned) for ref in found]
    named = planned[found.id]
    return named.stage.citation(named.identity, found.part)

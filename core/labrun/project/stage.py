"""The stages of a project, a class for each kind, and the reference from one stage to another.

A stage holds what a project says of it, and knows what planning needs: what its key depends on, beside the plugin, and how the keys of
other stages name it. How a stage is made, given to others and reported stands in the packages that do so, one function a class each.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from labrun.amounts import duration_in_words
from labrun.contracts.inputs import Outline, Section
from labrun.contracts.keras_settings import keras_settings
from labrun.contracts.plugin import Analysis, Dataset, Model, Plugin, Sampler, Simulator
from labrun.files.digests import digest_of
from labrun.files.guarded import GuardedPath
from labrun.learning.pretrained import content_of
from labrun.learning.settings import FitBlock
from labrun.project.adaptive import Adaptive
from labrun.project.blocks import Split
from labrun.project.rounds import table_of
from labrun.project.sweeptable import SweepTable
from labrun.registry.fingerprint import fingerprint
from labrun.registry.registry import Offer
from labrun.store.parts import cut
from labrun.store.rounds import MeasuredRound, Round, read_measured, read_rounds

__all__ = [
    "AdaptiveStage",
    "AnalysisStage",
    "DatasetStage",
    "FittedModelStage",
    "Inputs",
    "ModelStage",
    "PretrainedModelStage",
    "Ref",
    "SimulationStage",
    "Stage",
]


@dataclass(frozen=True)
class Ref:
    """A stage that another works on; `part` names a part of a dataset that is split."""

    section: Section
    stage: str
    part: str | None = None

    @property
    def id(self) -> str:
        return f"{self.section}.{self.stage}"


Inputs = dict[str, Ref | list[Ref]]
"""The stages that a plugin works on, by the names of its method's parameters."""


@dataclass(frozen=True)
class Stage:
    """The base of all kinds of stages. A matrix has been laid out: `name` is then `base[value=…]`."""

    section: ClassVar[Section]

    name: str
    base: str
    values: dict[str, Any]
    """The values that distinguish this stage from others of its matrix."""
    offer: Offer
    plugin: Plugin
    inputs: Inputs

    @property
    def id(self) -> str:
        return f"{self.section}.{self.name}"

    @property
    def names(self) -> tuple[str, str, str, str]:
        """Its names on the command line; all variants of a matrix share the last two."""
        return self.id, self.name, self.base, f"{self.section}.{self.base}"

    @property
    def needs(self) -> Inputs:
        """The stages that this one needs, by what they are for."""
        return self.inputs

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The plugins that its result depends on."""
        return (self.offer,)

    def refs(self) -> Iterator[Ref]:
        """Every stage that this one needs."""
        for found in self.needs.values():
            yield from found if isinstance(found, list) else [found]

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that other stages can name."""
        return ()

    @property
    def work(self) -> str:
        """The amount of work in words; empty if it is not known."""
        return ""

    @property
    def remarks(self) -> tuple[str, ...]:
        """Warnings about this stage, before and after a run."""
        return ()

    @property
    def config(self) -> dict[str, Any]:
        """The plugin's configuration, without what is swept."""
        return self.plugin.model_dump(mode="json")

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that the report shows."""
        return self.config

    @property
    def seed_name(self) -> str:
        """The name from which random numbers follow: the variants of a matrix share theirs, so that they can be compared."""
        return self.base

    def recipe(self) -> dict[str, Any]:
        """Return the part of the key that the plugin, its configuration, the seed and other stages do not cover."""
        return {}

    def identity(self, key: str) -> str:
        """Return what represents a result with this key in the keys of stages that use it."""
        return key

    def accepts(self, notes: Mapping[str, Any]) -> bool:
        """Check whether a result in the store whose manifest has these notes will do."""
        return True

    def citation(self, identity: str, part: str | None) -> dict[str, Any]:
        """Return the name of this stage, or of a part of it, in the keys of other stages."""
        return {"stage": self.name, "key": identity}

    def outline(self) -> Outline:
        """Return what a plugin that uses this stage can check before anything has run."""
        return Outline(self.name, self.plugin)


@dataclass(frozen=True)
class SimulationStage(Stage):
    """A simulator and the table of its sweep. `plugin` has the configuration of the first member."""

    section = "simulations"

    plugin: Simulator
    table: SweepTable
    fixed: dict[str, Any]
    """The configuration that is not swept."""
    failures: Literal["stop", "skip"] = "stop"
    timeout: float | None = None
    """The most time that a member may take [s]."""
    rounds: tuple[int, ...] = ()
    """The members of each round, where the sweep goes in rounds; no part holds members of two."""

    @cached_property
    def groups(self) -> list[tuple[Any, ...]] | None:
        """What the random numbers of each member depend on, where `seed_by` names columns."""
        return self.table.groups()

    @cached_property
    def stored_parts(self) -> list[list[int]]:
        """The members in each part of the ensemble on disk."""
        parts, first = [], 0
        for size in self.rounds or (self.table.size,):
            groups = None if self.groups is None else self.groups[first : first + size]
            parts += [[first + member for member in part] for part in cut(size, groups)]
            first += size
        return parts

    @property
    def most_members(self) -> int:
        """The number of members that the sweep has at most."""
        return self.table.size

    def as_made(self, folder: GuardedPath) -> SimulationStage:
        """Return the stage with the rows that the result in `folder` was made from, or has been made from so far."""
        return self

    @property
    def work(self) -> str:
        members = f"{self.table.size} members"
        return members if self.timeout is None else f"{members} of at most {duration_in_words(self.timeout)}"

    @property
    def remarks(self) -> tuple[str, ...]:
        return (*self.table.remarks, *self.plugin.remarks())

    @property
    def config(self) -> dict[str, Any]:
        return {name: value for name, value in super().config.items() if name not in self.table.parameters}

    @property
    def seed_name(self) -> str:
        return self.name

    def recipe(self) -> dict[str, Any]:
        seed_by = self.table.seed_by
        groups = None if seed_by is None else _digest_of_columns({name: self.table.columns[name] for name in seed_by})
        rows = _digest_of_columns(self.table.parameters)
        return {"sweep": {"members": self.table.size, "rows": rows, "seed_by": groups}}

    def identity(self, key: str) -> str:
        """The key, and what does not change a member, but what others see of the simulation: labels, and the time limit where members
        that exceed it are left out. Change one of them, and nothing that is done is simulated again, but datasets and what follows are
        made anew."""
        labels = _digest_of_columns(self.table.labels) if self.table.labels else None
        timeout = self.timeout if self.failures == "skip" else None
        if timeout is not None:
            return digest_of([key, labels, timeout])
        return key if labels is None else digest_of([key, labels])

    def accepts(self, notes: Mapping[str, Any]) -> bool:
        """Accept failed members where they are skipped, unless one would now be given more time than it had."""
        limits = [failure["timeout"] for failure in notes.get("failures", []) if failure.get("timeout") is not None]
        has_more_time = bool(limits) and (self.timeout is None or self.timeout > min(limits))
        return not notes.get("failed") or (self.failures == "skip" and not has_more_time)

    def outline(self) -> Outline:
        columns = self.table.columns
        return Outline(self.name, self.plugin, tuple(columns), self.plugin.declared_outputs() or None, columns)


@dataclass(frozen=True, kw_only=True)
class AdaptiveStage(SimulationStage):
    """A simulation whose rows are chosen round by round. `table` holds the first round, until `with_rounds` adds further ones."""

    adaptive: Adaptive
    repeats: int
    sampler_offer: Offer
    sampler: Sampler

    @property
    def offers(self) -> tuple[Offer, ...]:
        return (self.offer, self.sampler_offer)

    @property
    def work(self) -> str:
        return (
            f"at most {self.most_members} members, in {self.adaptive.rounds} rounds after the first {self.table.size}"
        )

    @property
    def most_members(self) -> int:
        return self.adaptive.count * self.repeats

    @property
    def settings(self) -> dict[str, Any]:
        return self.config | {"adaptive": self.adaptive.model_dump(mode="json", by_alias=True, exclude_defaults=True)}

    def recipe(self) -> dict[str, Any]:
        """Return the recipe by which rows are chosen; the rows follow from it."""
        offer, recipe = self.sampler_offer, self.adaptive.model_dump(mode="json", by_alias=True)
        chooser = {"name": offer.name, "distribution": offer.distribution, "version": offer.plugin.version}
        return {
            "sampler": chooser | {"source": fingerprint(offer).digest, "config": self.sampler.model_dump(mode="json")},
            "adaptive": {name: value for name, value in recipe.items() if name != "sampler"},
            "sweep": {"repeats": self.repeats, "seed_by": self.table.seed_by},
            # members that are left out change what is asked next
            "left_out": {"failures": self.failures, "timeout": self.timeout if self.failures == "skip" else None},
        }

    def identity(self, key: str) -> str:
        return key

    def as_made(self, folder: GuardedPath) -> AdaptiveStage:
        rounds = read_rounds(folder)
        return self.with_rounds(rounds, [read_measured(folder, i) for i in range(len(rounds))]) if rounds else self

    def with_rounds(self, rounds: Sequence[Round], measured: Sequence[MeasuredRound | None] = ()) -> AdaptiveStage:
        """Return the stage with the rows of these rounds, the first among them."""
        table = table_of(self.adaptive, rounds, measured, self.repeats, self.table.seed_by)
        return replace(self, table=table, rounds=tuple(len(one.rows) * self.repeats for one in rounds))


@dataclass(frozen=True)
class DatasetStage(Stage):
    """A dataset, whole or in parts."""

    section = "datasets"

    plugin: Dataset
    split: Split | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.split.fractions) if self.split else ()

    def citation(self, identity: str, part: str | None) -> dict[str, Any]:
        whole = super().citation(identity, None)
        if part is None or self.split is None:
            return whole
        return whole | {"part": part, "split": self.split.model_dump(mode="json")}


@dataclass(frozen=True)
class ModelStage(Stage):
    """A model, whichever way it is trained."""

    section = "models"

    plugin: Model


@dataclass(frozen=True)
class FittedModelStage(ModelStage):
    """A model that the project trains."""

    fit: FitBlock
    train: Ref
    validation: Ref | None = None

    @property
    def needs(self) -> Inputs:
        watched = {"fit.validation": self.validation} if self.validation else {}
        return self.inputs | {"fit.train": self.train} | watched

    @property
    def work(self) -> str:
        return f"{self.fit.epochs} epochs"

    @property
    def settings(self) -> dict[str, Any]:
        return self.config | {"fit": self.fit.model_dump(mode="json", exclude_defaults=True)}

    def recipe(self) -> dict[str, Any]:
        fit = self.fit.model_dump(mode="json", exclude={"train", "validation", "tensorboard"})
        return {"fit": fit, "keras": keras_settings()}


@dataclass(frozen=True)
class PretrainedModelStage(ModelStage):
    """A model that is trained already, and where it lies."""

    folder: Path

    @property
    def work(self) -> str:
        return "trained already"

    @property
    def settings(self) -> dict[str, Any]:
        return self.config | {"pretrained": str(self.folder)}

    def recipe(self) -> dict[str, Any]:
        return {"pretrained": content_of(self.folder), "keras": keras_settings()}


@dataclass(frozen=True)
class AnalysisStage(Stage):
    """An analysis."""

    section = "analyses"

    plugin: Analysis


def _digest_of_columns(columns: dict[str, list[Any]]) -> str:
    digest = hashlib.sha256()
    for name, values in columns.items():
        digest.update(json.dumps(name).encode() + b"\0")
        for start in range(0, len(values), 65536):
            digest.update(json.dumps(values[start : start + 65536]).encode())
    return digest.hexdigest()

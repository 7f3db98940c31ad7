"""A stage of a project, and a reference from one to another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labrun.contracts.inputs import Section
from labrun.contracts.plugin import Plugin
from labrun.learning.settings import FitBlock
from labrun.project.blocks import Split
from labrun.project.sweeptable import SweepTable
from labrun.registry.registry import Offer

__all__ = ["Ref", "Stage"]


@dataclass(frozen=True)
class Ref:
    """One stage that another works on; `part` names a part of a dataset that is split."""

    section: Section
    stage: str
    part: str | None = None

    @property
    def id(self) -> str:
        return f"{self.section}.{self.stage}"


@dataclass
class Stage:
    """One stage, ready to be planned. A matrix has been laid out: `name` is then `base[value=…]`."""

    section: Section
    name: str
    base: str
    values: dict[str, Any]
    """What distinguishes this stage from others of its matrix."""
    offer: Offer
    inputs: dict[str, Ref | list[Ref] | None] = field(default_factory=dict)
    plugin: Plugin = field(init=False, repr=False)
    """The plugin with its configuration; of a simulation, with that of its first member."""
    table: SweepTable | None = None
    fixed: dict[str, Any] = field(default_factory=dict)
    """The configuration of a simulation that is not swept."""
    failures: str = "stop"
    split: Split | None = None
    fit: FitBlock | None = None
    pretrained: Path | None = None
    """The folder of a model that is trained already."""

    @property
    def id(self) -> str:
        return f"{self.section}.{self.name}"

    @property
    def names(self) -> tuple[str, str, str, str]:
        """What it may be called on the command line; all variants of a matrix share the last two."""
        return self.id, self.name, self.base, f"{self.section}.{self.base}"

    def refs(self) -> Iterator[Ref]:
        """Every stage that this one needs."""
        for found in self.inputs.values():
            yield from found if isinstance(found, list) else [found] if found else []

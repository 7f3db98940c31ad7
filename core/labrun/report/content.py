"""The content of one stage in the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from labrun.contracts.measure import Measure
from labrun.report.curves import Curves
from labrun.report.tables import Table

__all__ = ["DONE", "Figure", "Setting", "StageContent"]

DONE = ("done", "reused")


@dataclass
class Figure:
    """A picture as a data URI of this kind, `svg` or `png`."""

    id: str
    name: str
    uri: str
    kind: str
    caption: str


@dataclass
class Setting:
    """A value that a stage was configured with; `is_default` if the project does not say otherwise."""

    name: str
    value: str
    is_default: bool
    meaning: str


@dataclass
class StageContent:
    """One stage of the page. `brief` is what it gave in a few words; `facts` are texts and counts by name, `measures` what an analysis
    found."""

    id: str
    name: str
    base: str
    section: str
    plugin: str
    summary: str
    outcome: str
    problem: str
    """Why it is not done."""
    traceback: str
    seconds: float | None
    key: str
    values: dict[str, Any]
    inputs: list[tuple[str, str]]
    """The stages that it was made from: their ids and what to call them."""
    settings: list[Setting]
    brief: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    measures: dict[str, Measure] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    fragments: list[tuple[str, Markup]] = field(default_factory=list)
    """Interactive parts, by their names."""
    curves: list[Curves] = field(default_factory=list)
    """The training of a model."""
    network: Markup | None = None
    """The drawing of a model."""
    files: list[str] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """Whether it has a result."""
        return self.outcome in DONE

    @property
    def state(self) -> str:
        """The outcome as one word."""
        return self.outcome.replace(" ", "-")

    @property
    def parts(self) -> Iterator[tuple[str, str, str]]:
        """Yield kind, id and name of each part that the contents list may lead to."""
        yield from (("interactive", f"{self.id}/{name}", name) for name, _ in self.fragments)
        yield from (("figure", figure.id, figure.name) for figure in self.figures)
        yield from (("table", f"{self.id}/{table.name}", table.name) for table in self.tables)

    @property
    def written(self) -> list[Setting]:
        """The settings that differ from their defaults."""
        return [setting for setting in self.settings if not setting.is_default]

    @property
    def defaults(self) -> list[Setting]:
        """The settings that the project leaves as they are."""
        return [setting for setting in self.settings if setting.is_default]

    @property
    def shows_pictures(self) -> bool:
        """Whether figures show what its tables hold; the picture of some members does not show a sweep."""
        return self.section != "simulations" and bool(self.figures or self.fragments)

"""The events that observers receive: plain, frozen records that can be written as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from labrun.contracts.estimate import TimeLeft

__all__ = ["Event", "RunFinished", "RunStarted", "StageFinished", "StageProgressed", "StageStarted"]

Outcome = Literal["done", "reused", "failed", "skipped", "interrupted"]


@dataclass(frozen=True)
class Event:
    """Something that happens in a run. `time` is in seconds since 1970-01-01 UTC."""

    time: float

    def record(self) -> dict[str, Any]:
        """Return the event as JSON holds it."""
        return {"event": type(self).__name__} | asdict(self)


@dataclass(frozen=True)
class RunStarted(Event):
    """A run begins in `folder`; `stages` are in the order of execution, and `reused` are those that are in the store already."""

    project: str
    folder: str
    stages: list[str]
    reused: list[str]
    workers: int
    where: str = ""
    """The cluster that the workers belong to, in words; empty if they are processes on this machine."""
    left: TimeLeft | None = None
    """The time that the run will take."""


@dataclass(frozen=True)
class StageStarted(Event):
    """A stage begins: `total` counts its `unit`s (members, epochs), and `done` of them are in the store already.

    `inputs` is everything that the result depends on, as `run.json` and `manifest.json` hold it: `config`, `fit`, `seed`, …
    """

    stage: str
    plugin: str
    key: str
    unit: str
    total: int
    done: int
    inputs: dict[str, Any] = field(default_factory=dict)
    left: TimeLeft | None = None


@dataclass(frozen=True)
class StageProgressed(Event):
    """`done` of `total` units of a stage are finished; `numbers` are worth showing: a loss, an accuracy."""

    stage: str
    done: int
    total: int
    numbers: dict[str, float] = field(default_factory=dict)
    left: TimeLeft | None = None


@dataclass(frozen=True)
class StageFinished(Event):
    """A stage ends. `message` says what went wrong, or holds the warnings of a stage that is done.

    `folder` holds the files of the stage if it is done or was reused.
    """

    stage: str
    outcome: Outcome
    seconds: float
    message: str = ""
    traceback: str = ""
    folder: str = ""


@dataclass(frozen=True)
class RunFinished(Event):
    """A run ends: `outcome` is `done`, `failed` or `interrupted`; `report` is the path of its page, or empty."""

    outcome: Outcome
    seconds: float
    report: str = ""

"""What observers are told: plain, frozen records that can be written as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

__all__ = ["Event", "RunFinished", "RunStarted", "StageFinished", "StageProgressed", "StageStarted"]

Outcome = Literal["done", "reused", "failed", "skipped", "interrupted"]


@dataclass(frozen=True)
class Event:
    """`time` is seconds since 1970-01-01 UTC."""

    time: float

    def record(self) -> dict[str, Any]:
        """The event as JSON holds it."""
        return {"event": type(self).__name__} | asdict(self)


@dataclass(frozen=True)
class RunStarted(Event):
    """A run begins in `folder`; `stages` are in the order in which they will be done."""

    project: str
    folder: str
    stages: list[str]
    reused: list[str]
    workers: int
    where: str = ""
    """Which cluster the workers belong to, in words; empty if they are processes of this machine."""


@dataclass(frozen=True)
class StageStarted(Event):
    """`total` counts the `unit`s of the stage (members, epochs); `done` of them were there already.

    `inputs` is all that the result depends on, as `run.json` and `manifest.json` hold it: `config`, `fit`, `seed`, …
    """

    stage: str
    plugin: str
    key: str
    unit: str
    total: int
    done: int
    inputs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StageProgressed(Event):
    """`numbers` are what the stage wants to show: a loss, an accuracy, a rate."""

    stage: str
    done: int
    total: int
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class StageFinished(Event):
    """`message` says what went wrong, or of what is done what a reader must know before believing it.

    `folder` is where the files of a stage lie that is done or was reused.
    """

    stage: str
    outcome: Outcome
    seconds: float
    message: str = ""
    traceback: str = ""
    folder: str = ""


@dataclass(frozen=True)
class RunFinished(Event):
    """`outcome` is `done`, `failed` or `interrupted`; `report` is the path of the page, if there is one."""

    outcome: Outcome
    seconds: float
    report: str = ""

"""Find when the stages of a run were made, from its events."""

from __future__ import annotations

import json
from dataclasses import dataclass

from labrun.files.guarded import GuardedPath
from labrun.records.run_folder import clock

__all__ = ["Span", "spans"]


@dataclass(frozen=True)
class Span:
    """Start and end of a stage (UTC, ISO 8601), and the message at its end."""

    start: str
    end: str
    message: str


def spans(path: GuardedPath) -> dict[str, Span]:
    """Return, by key, the last time span in which a stage was made or failed. Reused stages have none."""
    found: dict[str, Span] = {}
    begun: dict[str, tuple[str, float]] = {}
    if not path.is_regular():
        return found
    with path.opened("r", encoding="utf-8") as stream:
        for line in stream:
            event = json.loads(line)
            if event["event"] == "StageStarted":
                begun[event["stage"]] = event["key"], event["time"]
            elif event["event"] == "StageFinished" and event["stage"] in begun:
                key, start = begun.pop(event["stage"])
                if event["outcome"] in ("done", "failed"):
                    found[key] = Span(clock(start), clock(event["time"]), event["message"])
    return found

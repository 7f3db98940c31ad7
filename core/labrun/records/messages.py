"""The last message of each stage, from the log of a run."""

from __future__ import annotations

import json
from pathlib import Path

from labrun.files.guarded import GuardedPath

__all__ = ["last_messages"]


def last_messages(folder: Path) -> dict[str, str]:
    """Return what the last run in a folder reported of each stage when it ended; empty without a readable log, which is for people."""
    messages: dict[str, str] = {}
    try:
        with (GuardedPath(folder) / "events.jsonl").opened("r", encoding="utf-8") as stream:
            for event in map(json.loads, stream):
                if event["event"] == "RunStarted":
                    messages.clear()
                elif event["event"] == "StageFinished":
                    messages[event["stage"]] = event["message"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    return messages

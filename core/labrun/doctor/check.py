"""The result of one check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Check", "State"]

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """What was checked, its state, what was found and, unless all is well, what to do."""

    name: str
    state: State
    found: str
    advice: str = ""

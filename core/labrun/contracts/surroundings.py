"""The surroundings of a project: its folder, and the programs that it may start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Startable", "Surroundings"]


@dataclass(frozen=True)
class Startable:
    """A program that a project may start."""

    path: Path
    """Absolute path of its file."""
    sha256: str
    """Digest of its file; empty if `version` alone identifies it."""
    version: str
    """What the program prints as its version; empty if the project does not ask for it."""


@dataclass(frozen=True)
class Surroundings:
    """What the configuration of a simulator may refer to (`Simulator.completed`)."""

    folder: Path
    """The folder of the project; relative paths of its own files begin there."""
    programs: Mapping[str, Startable] = field(default_factory=dict)
    """The programs under `programs` at the head of the project, by name."""
    timeout: float | None = None
    """The most time that a member may take [s]."""

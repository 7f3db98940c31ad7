"""Programs of a few lines of shell, in temporary folders of their own."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labrun.contracts.surroundings import Startable, Surroundings
from labrun.engine.members import simulate_member
from labrun.files.digests import sha256_of
from labrun_program import Program, starting


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip where the guard of programs does not work."""
    for item in items:  # of the whole session
        if sys.platform == "win32" and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="programs are started on Linux and macOS"))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files of this test alone, with a guard of its own."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(starting, "_guard", None)
    yield folder
    if starting._guard is not None:
        starting._guard.stop()
        starting._guard = None


@pytest.fixture
def shell(tmp_path: Path, temporary: Path) -> Callable[..., Program]:
    """Configure a program that runs a line of shell; it may use the parameters, as `$1`, `$2`, …"""

    def shell(line: str, *words: str, programs: dict[str, Path] | None = None, **config: Any) -> Program:
        known = {"sh": Path("/bin/sh")} | (programs or {})
        startable = {name: Startable(path, sha256_of(path), "") for name, path in known.items()}
        config.setdefault("outputs", {"x": {"stdout": True, "pattern": "x = (.*)"}})
        config = {"command": ["sh", "-c", line.replace("{", "{{").replace("}", "}}"), "sh", *words]} | config
        return Program.configured(Program.completed(config, Surroundings(tmp_path, startable)))

    return shell


@pytest.fixture
def simulate() -> Callable[..., dict[str, np.ndarray]]:
    """Simulate a member, as the engine does."""
    return lambda program, seed=1: simulate_member(program, np.random.default_rng(seed))

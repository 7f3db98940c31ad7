"""Find the programs that a project may start: those that `programs` at its head names."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from labrun.contracts.surroundings import Startable
from labrun.faults import LabrunError
from labrun.files.digests import cached_sha256
from labrun.project.blocks import Head, ProgramBlock
from labrun.project.faultbook import FaultBook

__all__ = ["PROGRAM_ENVIRONMENT", "find_programs", "programs_in_words"]

PATIENCE = 60.0
"""Seconds in which a program prints its version."""
LONGEST = 2000
"""Characters of a version that count."""

PROGRAM_ENVIRONMENT = ("PATH",)
"""What a program inherits of the environment."""


def find_programs(head: Head, folder: Path, book: FaultBook, allowed: bool) -> dict[str, Startable]:
    """Return the programs of a project in `folder`. Unless `allowed`, none is started, and all are faults."""
    found = {}
    for name, block in head.programs.items():
        if not allowed:
            book.add(
                f"this project would start the program '{name}' ({block.path}), which --no-plugins does not allow: look at it first",
                ("programs", name),
            )
            continue
        try:
            found[name] = _find(block, folder)
        except LabrunError as error:
            book.add(f"the program '{name}': {error}", ("programs", name))
    return found


def programs_in_words(head: Head) -> Iterator[str]:
    """Yield a sentence for each program that a project may start."""
    for name, block in head.programs.items():
        yield f"this project starts the program '{name}' ({block.path})"


def _find(block: ProgramBlock, folder: Path) -> Startable:
    beside = "/" in block.path or os.sep in block.path
    path = folder.absolute() / block.path if beside else shutil.which(block.path)
    if path is None:
        raise LabrunError(
            f"'{block.path}' is not on the PATH. Install it, or give the path of its file, such as ./{block.path}"
        )
    path = Path(path).absolute()
    if not path.is_file():
        raise LabrunError(f"there is no file '{path}'")
    if not os.access(path, os.X_OK):
        raise LabrunError(f"'{path}' is not executable: make it so (chmod +x), or name its interpreter as the program")
    version = _version(path, block.version) if block.version else ""
    try:
        return Startable(path, cached_sha256(path) if beside or not version else "", version)
    except OSError as error:
        raise LabrunError(f"cannot read '{path}': {error.strerror}") from error


def _version(path: Path, arguments: list[str]) -> str:
    """Let a program print its version."""
    environment = {name: os.environ[name] for name in PROGRAM_ENVIRONMENT if name in os.environ}
    command = " ".join([path.name, *arguments])
    with tempfile.TemporaryDirectory() as empty:
        try:
            done = subprocess.run(
                [path, *arguments],
                cwd=empty,
                env=environment | {"HOME": empty},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise LabrunError(f"'{command}' did not print a version within {PATIENCE:g} s") from None
        except OSError as error:
            raise LabrunError(f"'{command}' cannot be started: {error.strerror}") from error
    printed = done.stdout[: 4 * LONGEST].decode(errors="replace").strip()[:LONGEST]
    if done.returncode or not printed:
        problem = f"ended with exit status {done.returncode}" if done.returncode else "printed nothing"
        raise LabrunError(
            f"'{command}' {problem}; expected its version{f'. It printed: {printed:.200}' if printed else ''}"
        )
    return printed

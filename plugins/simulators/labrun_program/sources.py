"""Files that results depend on: the program, templates, libraries and data. Their digests belong to the key, not their places."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from labrun.contracts.surroundings import Surroundings
from labrun.files.digests import cached_sha256, digest_of
from labrun_program.templates import names_in_template

__all__ = ["TEMPLATE", "Found", "FoundFile", "FoundProgram", "find"]

TEMPLATE = ".j2"
"""Suffix of templates; other files are copied as they are."""


class _Found(BaseModel):
    """What was found. Two with the same content are equal, wherever it lies."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.model_dump() == other.model_dump()

    __hash__ = None  # type: ignore[assignment]


class FoundFile(_Found):
    """A file, or a folder with all that it holds."""

    sha256: str = ""
    path: Path = Field(Path(), exclude=True)
    names: list[str] = Field([], exclude=True)
    """Names that it takes from outside, if it is a template."""
    problem: str = Field("", exclude=True)
    """Why it cannot be used."""

    def expect_unchanged(self, called: str, since: str) -> None:
        """Refuse a file whose content has changed.

        Raises:
            ValueError: it has changed, or is gone.
        """
        try:
            same = not self.sha256 or _digest(self.path) == self.sha256
        except OSError as error:
            raise ValueError(f"{called} ({self.path}) cannot be read: {error.strerror}") from error
        if not same:
            raise ValueError(
                f"{called} ({self.path}) has changed {since}, so the results would not be those of their key. Restore it, or run the "
                "project again with the new one"
            )


class FoundProgram(FoundFile):
    """A program, known by the digest of its file, by its version, or by both."""

    version: str = ""


class Found(_Found):
    """All files of a simulation, by the names under which its configuration refers to them."""

    programs: dict[str, FoundProgram] = {}
    files: dict[str, FoundFile] = {}
    needs: dict[str, FoundFile] = {}
    timeout: float | None = Field(None, exclude=True)
    """The most time that the program may take [s]."""
    startable: list[str] = Field([], exclude=True)
    """The programs that the project may start, whether they are used here or not."""

    def expect_unchanged(self, since: str) -> None:
        """Refuse files whose content has changed. `since` says when, for messages.

        Raises:
            ValueError: one has changed, or is gone.
        """
        for name, program in self.programs.items():
            program.expect_unchanged(f"the program '{name}'", since)
        for kind, files in (("files", self.files), ("needs", self.needs)):
            for name, file in files.items():
                file.expect_unchanged(f"'{name}' under '{kind}'", since)


def find(config: Mapping[str, Any], surroundings: Surroundings) -> dict[str, Any]:
    """Return `Found`, as JSON, for a configuration that nobody has checked. What is wrong is left to the validators of the plugin."""
    folder = surroundings.folder.absolute()
    files = {name: _find_file(folder / path) for name, path in _texts(config.get("files"))}
    programs = {
        name: {"path": str(program.path), "sha256": program.sha256, "version": program.version}
        for name, program in surroundings.programs.items()
        if _uses(config, files, name)
    }
    needs = {name: _find(folder / path) for name, path in _texts(config.get("needs"))}
    return {"programs": programs, "files": files, "needs": needs} | {
        "startable": list(surroundings.programs),
        "timeout": surroundings.timeout,
    }


def _uses(config: Mapping[str, Any], files: Mapping[str, Any], name: str) -> bool:
    """Check whether a configuration starts a program, or passes its path on."""
    command = config.get("command")
    words = command if isinstance(command, list) else []
    texts = [*words[1:], *(value for _, value in _texts(config.get("environment")))]
    passed = any(isinstance(text, str) and re.search(rf"\{{{name}[:}}]", text) for text in texts)
    return words[:1] == [name] or passed or any(name in file.get("names", ()) for file in files.values())


def _texts(given: Any) -> list[tuple[str, str]]:
    return [(name, path) for name, path in given.items() if isinstance(path, str)] if isinstance(given, dict) else []


def _find(path: Path) -> dict[str, Any]:
    try:
        return {"path": str(path), "sha256": _digest(path)}
    except OSError as error:
        return {"problem": f"cannot read '{path}': {error.strerror}"}


def _find_file(path: Path) -> dict[str, Any]:
    found = _find(path)
    if path.is_dir():
        return {"problem": f"'{path}' is a folder; name its files one by one, or name it under 'needs'"}
    if "problem" in found or path.suffix != TEMPLATE:
        return found
    try:
        return found | {"names": sorted(names_in_template(path.read_text(encoding="utf-8")))}
    except ValueError as error:  # also what is not UTF-8
        return {"problem": f"the template '{path}' cannot be read: {error}"}


def _digest(path: Path) -> str:
    if path.is_dir():
        inner = sorted(one for one in path.rglob("*") if one.is_file())
        return digest_of({one.relative_to(path).as_posix(): _digest(one) for one in inner})
    status = path.stat()
    return _digest_of_state(path, status.st_size, status.st_mtime_ns, status.st_ino)


@lru_cache(maxsize=4096)
def _digest_of_state(path: Path, *state: int) -> str:
    return cached_sha256(path)

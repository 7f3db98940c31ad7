"""The paths that a project writes down: tables, plugin files and trained models. Each belongs to the file in which it is written."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

__all__ = ["as_on_disk", "folder_of", "moved", "spelled_as_on_disk"]

Place: TypeAlias = Sequence[str]
EACH = "*"
FILES: tuple[Place, ...] = (("plugins", EACH), ("simulations", EACH, "sweep", "table"))
PROGRAMS: tuple[Place, ...] = (("programs", EACH), ("programs", EACH, "path"))
"""Paths of programs; a name without '/' is looked up on the PATH."""
TRAINED: Place = ("models", EACH, "pretrained")
"""A folder, or else the name of a trained model that a plugin brings."""


def folder_of(file: Path) -> Path:
    """Return the folder beside which the paths of a file lie. A link stands for the file to which it leads."""
    return file.resolve().parent if file.is_symlink() else file.parent


def moved(project: Any, origin: Path, folder: Path) -> Any:
    """Return a project that is written in `origin` with its paths rewritten, so that they lead to the same files from `folder`."""
    start, end = os.path.realpath(origin), os.path.realpath(folder)
    if start == end:
        return project

    def seen_from_folder(path: str) -> str:
        return path if Path(path).is_absolute() else Path(os.path.relpath(Path(start, path), end)).as_posix()

    for place in FILES:
        project = _replaced(project, place, seen_from_folder)
    for place in PROGRAMS:
        project = _replaced(project, place, partial(_program, change=seen_from_folder))
    return _replaced(project, TRAINED, lambda name: seen_from_folder(name) if (origin / name).is_dir() else name)


def as_on_disk(project: Any, folder: Path) -> Any:
    """Return a project in `folder` with its paths spelled as the disk spells them (see `spelled_as_on_disk`)."""

    def as_spelled(path: str) -> str:
        return str(spelled_as_on_disk(Path(path), folder))

    for place in (*FILES, TRAINED):
        project = _replaced(project, place, as_spelled)
    for place in PROGRAMS:
        project = _replaced(project, place, partial(_program, change=as_spelled))
    return project


def _program(path: str, change: Callable[[str], str]) -> str:
    """Change the path of a program so that it remains one: without '/', it would be looked up on the PATH."""
    if "/" not in path:
        return path
    changed = change(path)
    return changed if "/" in changed else f"./{changed}"


def spelled_as_on_disk(path: Path, folder: Path = Path()) -> Path:
    """Return a path, relative to `folder`, as the disk spells it. Unicode has two spellings of é: one character, or e and an accent."""
    if path.as_posix().isascii() or os.path.lexists(folder / path):
        return path
    found = Path(path.anchor)
    for name in path.parts[len(found.parts) :]:
        found /= name if os.path.lexists(folder / found / name) else _alike(folder / found, name)
    return found


def _alike(folder: Path, name: str) -> str:
    try:
        entries = [entry.name for entry in folder.iterdir()]
    except OSError:
        return name
    wanted = unicodedata.normalize("NFC", name)
    return next((entry for entry in entries if unicodedata.normalize("NFC", entry) == wanted), name)


def _replaced(value: Any, place: Place, change: Callable[[str], str]) -> Any:
    """Change the texts at a place within a value, and leave everything else as it is."""
    if not place:
        return change(value) if isinstance(value, str) else value
    step, *rest = place
    if isinstance(value, list) and step == EACH:
        return [_replaced(inner, rest, change) for inner in value]
    if isinstance(value, dict):
        return value | {key: _replaced(value[key], rest, change) for key in value if step in (key, EACH)}
    return value

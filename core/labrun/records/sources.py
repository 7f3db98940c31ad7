"""Copies of the files that a project names: its tables, its plugin files and the modules beside them.

They lie in `sources/` of the run's folder, so that the folder holds all that the run was made from, wherever it is moved. Nothing there is
executed unless the user asks for it.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from labrun.faults import LabrunError
from labrun.files.atomic import replace_folder
from labrun.files.guarded import GuardedPath
from labrun.files.trust import is_file
from labrun.project.load import Project
from labrun.registry.code import neighbours_of

__all__ = ["FOLDER", "copy_sources", "named_files", "place_of_source"]

FOLDER = "sources"
MARK = ".labrun-sources"
"""Marks the folder as one that labrun made, and may replace."""


def named_files(project: dict[str, Any]) -> Iterator[str]:
    """Yield the names of the tables and plugin files in a project, as it writes them."""
    for block in (project.get("simulations") or {}).values():
        table = (block.get("sweep") or {}).get("table")
        if isinstance(table, str):
            yield table
    yield from (name for name in project.get("plugins") or () if isinstance(name, str))


def place_of_source(name: str) -> str:
    """The place of a named file in the run's folder: `sources/points.csv`. Files outside the project's folder get one of their own."""
    path = Path(name)
    if path.is_absolute() or ".." in path.parts:
        return f"{FOLDER}/outside-{hashlib.sha256(name.encode()).hexdigest()[:8]}/{path.name}"
    return f"{FOLDER}/{path.as_posix()}"


def copy_sources(project: Project, folder: GuardedPath) -> None:
    """Copy the files that a project names to `sources/` in the folder of its run.

    Raises:
        LabrunError: there is such a folder that labrun did not make.
        OSError: a file cannot be copied.
    """
    target = folder / FOLDER
    if target.is_there() and not (target / MARK).is_regular():
        raise LabrunError(f"'{target}' is not a folder that labrun made, so it is not replaced: move it away")
    unfinished = target.temporary()
    try:
        unfinished.make_new_folder()
        with (unfinished / MARK).opened("xb"):
            pass
        for name, path in _files(project):
            place = unfinished / place_of_source(name).removeprefix(f"{FOLDER}/")
            place.parent.make_folder()
            with path.open("rb") as source, place.opened("xb") as copy:
                shutil.copyfileobj(source, copy)
        replace_folder(unfinished, target)
    finally:
        unfinished.remove_all()


def _files(project: Project) -> Iterator[tuple[str, Path]]:
    """The named files, and the modules beside plugin files that these import; each with its name relative to the project."""
    folder = project.path.parent
    for name in dict.fromkeys(named_files(project.document.value)):
        path = folder / name
        if not is_file(path):
            continue
        yield name, path
        if path.suffix == ".py":
            for helper in neighbours_of(path).values():
                yield (Path(name).parent / helper.relative_to(path.parent)).as_posix(), helper

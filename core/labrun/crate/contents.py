"""Choose the files of a run that go into its crate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from labrun.files.digests import sha256_of
from labrun.files.guarded import GuardedPath
from labrun.files.trust import is_plain
from labrun.records.run_folder import MEMBERS
from labrun.records.run_record import RunRecord, place_of
from labrun.records.sources import FOLDER, named_files, place_of_source
from labrun.store.store import MANIFEST, Manifest

__all__ = ["Content", "named_by_project", "run_files", "stage_files"]

OF_RUN = ("run.json", "events.jsonl", "report.html")
SHARED = (".csv", ".tsv", ".txt", ".py")
"""Suffixes of tables and plugin files. A project may name other files; they do not go into its crate."""
ARRAYS = "parts/"
"""Folder of a simulation's arrays."""


@dataclass(frozen=True)
class Content:
    """A file and its place in the crate."""

    source: GuardedPath
    place: str
    sha256: str


def run_files(run: RunRecord) -> list[Content]:
    """Return the run's record, its events and its report."""
    return [_content(GuardedPath(run.folder) / name, name) for name in OF_RUN if is_plain(run.folder, name)]


def stage_files(run: RunRecord, stage: str, members: bool) -> list[Content]:
    """Return the files of a finished stage, with the arrays of a simulation only if `members`.

    Raises:
        ValueError: a file differs from its manifest.
    """
    place = place_of(stage)
    found = []
    for name, entry in Manifest.read(run.file(stage, MANIFEST).parent).files.items():
        if members or not name.startswith(ARRAYS):
            source = run.file(stage, name)
            if source.status().st_size != entry["size"] or sha256_of(source) != entry["sha256"]:
                raise ValueError(f"'{source}' is another file than the one asked for")
            found.append(Content(source, f"{place}/{name}", entry["sha256"]))
    beside = [name for name in (MANIFEST, MEMBERS) if is_plain(run.folder, f"{place}/{name}")]
    return found + [_content(run.file(stage, name), f"{place}/{name}") for name in beside]


def named_by_project(run: RunRecord) -> tuple[list[Content], list[str]]:
    """Return the tables and plugin files that the project names, as the run has copied them, and the names of those that it lacks."""
    found, missing = [], []
    for name in dict.fromkeys(named_files(run.project)):
        place = place_of_source(name)
        if Path(name).suffix in SHARED and is_plain(run.folder, place):
            found.append(_content(GuardedPath(run.folder) / place, place.removeprefix(f"{FOLDER}/")))
        else:
            missing.append(name)
    return found, missing


def _content(source: GuardedPath, place: str) -> Content:
    source.expect_plausible()
    return Content(source, place, sha256_of(source))

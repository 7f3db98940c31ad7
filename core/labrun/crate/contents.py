"""Choose the files of a run that go into its crate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labrun.files.atomic import read_json
from labrun.files.digests import expect_digest, sha256_of
from labrun.files.trust import is_plain
from labrun.records.run_folder import MEMBERS
from labrun.records.run_record import RunRecord, place_of
from labrun.store.store import MANIFEST

__all__ = ["Content", "run_files", "stage_files", "written_beside"]

OF_RUN = ("run.json", "events.jsonl", "report.html")
SHARED = (".csv", ".tsv", ".txt", ".py")
"""A stranger's project could name any file on this machine: only tables and plugin files are shared."""
ARRAYS = "parts/"
"""Folder of a simulation's arrays."""


@dataclass(frozen=True)
class Content:
    """A file and its place in the crate."""

    source: Path
    place: str
    sha256: str


def run_files(run: RunRecord) -> list[Content]:
    """Return the run's record, its events and its report."""
    return [_content(run.folder, name) for name in OF_RUN if is_plain(run.folder, name)]


def stage_files(run: RunRecord, stage: str, members: bool) -> list[Content]:
    """Return the files of a finished stage, with the arrays of a simulation only if `members`.

    Raises:
        ValueError: a file differs from its manifest.
    """
    manifest = read_json(run.file(stage, MANIFEST))
    found = []
    for name, entry in manifest["files"].items():
        if members or not name.startswith(ARRAYS):
            path = run.file(stage, name)
            expect_digest(path, entry["sha256"])
            found.append(Content(path, f"{place_of(stage)}/{name}", entry["sha256"]))
    place = place_of(stage)
    return found + [
        _content(run.folder, f"{place}/{name}")
        for name in (MANIFEST, MEMBERS)
        if is_plain(run.folder, f"{place}/{name}")
    ]


def written_beside(run: RunRecord) -> tuple[list[Content], list[str]]:
    """Return the tables and plugin files that the project names, and the names of those that have gone."""
    folder = Path(run.record["file"]).parent
    names = list(dict.fromkeys([*_tables(run.project), *run.project.get("plugins", [])]))
    there = [name for name in names if Path(name).suffix in SHARED and is_plain(folder, name)]
    return [_content(folder, name) for name in there], [name for name in names if name not in there]


def _tables(project: dict[str, Any]) -> Iterator[str]:
    for block in project.get("simulations", {}).values():
        table = block.get("sweep", {}).get("table")
        if isinstance(table, str):
            yield table


def _content(folder: Path, name: str) -> Content:
    return Content(folder / name, name, sha256_of(folder / name))

"""Remove a run: what labrun wrote into its folder. Results in the store are left to `labrun gc`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from labrun.contracts.inputs import SECTIONS
from labrun.faults import LabrunError
from labrun.files.guarded import GuardedPath
from labrun.records.run_folder import KEY, RECORD
from labrun.records.sources import FOLDER, MARK

__all__ = ["remove_run"]

FILES = ("report.html", "events.jsonl", "project.yaml", RECORD)
"""The record goes last: a folder whose removal was interrupted is still that of a run."""


def remove_run(folder: Path) -> list[Path]:
    """Remove what labrun wrote into the folder of a run, and the folder itself if it is empty then. Nothing behind a link is touched.

    Returns:
        What is left: files of the user, and links.

    Raises:
        LabrunError: the folder is a link, or a file cannot be removed.
    """
    run = GuardedPath(folder.parent) / folder.name
    run.expect_own()
    for path in (*_stages(run), *(run / name for name in FILES)):
        if path.is_folder() or path.is_regular():
            path.remove_all()
            if path.is_there():
                raise LabrunError(f"cannot remove '{path}': may you write there?")
    for empty in (*(run / section for section in SECTIONS), run):
        empty.remove_if_empty()
    return [path.path for path in run.descend() if not path.is_folder()]


def _stages(run: GuardedPath) -> Iterator[GuardedPath]:
    """Yield the folders that labrun has marked as its own."""
    if (run / FOLDER / MARK).is_regular():
        yield run / FOLDER
    for section in (run / name for name in SECTIONS):
        if section.is_folder():
            yield from (stage for stage in section.entries() if stage.is_folder() and (stage / KEY).is_regular())

"""Remove a run: what labrun wrote into its folder. Results in the store are left to `labrun gc`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from labrun.contracts.inputs import SECTIONS
from labrun.faults import LabrunError
from labrun.files.trust import expect_own, is_plain
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
    expect_own(folder)
    try:
        for stage in _stages(folder):
            shutil.rmtree(stage)
        for name in FILES:
            if is_plain(folder, name):
                (folder / name).unlink()
    except OSError as error:
        raise LabrunError(f"cannot remove '{error.filename}': {error.strerror}") from error
    for empty in (*(folder / section for section in SECTIONS), folder):
        with suppress(OSError):  # it holds other files, or is not there
            empty.rmdir()
    return sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def _stages(folder: Path) -> Iterator[Path]:
    """The folders that labrun has marked as its own."""
    if is_plain(folder, f"{FOLDER}/{MARK}"):
        yield folder / FOLDER
    for section in SECTIONS:
        for stage in sorted((folder / section).glob("*")):
            if is_plain(folder, f"{section}/{stage.name}/{KEY}"):
                yield stage

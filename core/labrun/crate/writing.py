"""Write a crate: it takes its name only when it is complete."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labrun.faults import Fault, LabrunError, ProjectFaults
from labrun.files.guarded import GuardedPath
from labrun.records.run_record import expect_sound, read_run
from labrun.store.places import is_marked

if TYPE_CHECKING:
    from rocrate.rocrate import ROCrate

__all__ = ["Written", "write_crate"]


@dataclass(frozen=True)
class Written:
    """The number of files in a crate (besides its metadata) and of stages, and remarks for the person."""

    files: int
    stages: int
    remarks: list[str]


def write_crate(folder: Path, target: Path, members: bool = False, licence: str = "") -> Written:
    """Write the run in `folder` as an RO-Crate: a folder, or a zip archive where `target` ends in `.zip`.

    `members` includes the arrays of simulations. `licence` is the address of the crate's licence.

    Raises:
        ProjectFaults: the folder does not hold an intact run, or the target exists.
        LabrunError: the library `rocrate` is missing, or the target cannot be written.
    """
    try:
        from labrun.crate.description import describe
    except ImportError as error:
        if not (error.name or "").startswith("rocrate"):
            raise
        raise LabrunError(
            "labrun needs the library rocrate to write an RO-Crate: pip install 'labrun[crate]'"
        ) from error
    run = read_run(folder)
    if run.record.get("outcome") == "running":
        advice = "wait until it ends; if it was killed, run its project again, which continues where it stopped"
        raise ProjectFaults([Fault(f"the run in '{folder}' has not ended: {advice}")])
    if target.exists():
        raise ProjectFaults([Fault(f"'{target}' already exists: name a new folder or .zip file")])
    with expect_sound(folder):
        description = describe(run, members, licence)
    try:
        _write(description.crate, folder, target)
    except OSError as error:
        raise LabrunError(f"cannot write '{target}': {error.strerror or error}") from error
    return Written(description.files, description.stages, description.remarks)


def _write(crate: ROCrate, run: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = _unfinished(run, target)
    try:
        if target.suffix == ".zip":
            crate.write_zip(unfinished.path)
        else:
            crate.write(unfinished.path)
        unfinished.path.rename(target)
    finally:
        unfinished.remove_all()


def _unfinished(run: Path, target: Path) -> GuardedPath:
    """Return a temporary path for a crate: in the store, where `labrun gc` finds what a killed export leaves, or else beside the target."""
    store = GuardedPath(run.absolute().parent / ".store")
    beside = GuardedPath(target.parent)
    same_disk = store.root.is_dir() and store.status().st_dev == beside.status().st_dev
    return ((store if same_disk and is_marked(store.root) else beside) / target.name).temporary()

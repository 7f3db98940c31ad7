"""Writing a crate: what is not whole never gets its name."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labrun.faults import Fault, LabrunError, ProjectFaults
from labrun.files.atomic import temporary_name, write_atomically
from labrun.records.run_record import expect_sound, read_run

if TYPE_CHECKING:
    from rocrate.rocrate import ROCrate

__all__ = ["Written", "write_crate"]


@dataclass(frozen=True)
class Written:
    """How many files a crate holds beside its metadata, of how many stages, and what a person should know of it."""

    files: int
    stages: int
    remarks: list[str]


def write_crate(folder: Path, target: Path, members: bool = False, licence: str = "") -> Written:
    """Write the run in `folder` as an RO-Crate: a folder, or a zip archive where `target` ends in `.zip`.

    With `members`, the arrays of simulations are taken along. `licence` is the address of the licence under which the crate is
    given away.

    Raises:
        ProjectFaults: the folder holds no run, or a damaged one; or the target is there already.
        LabrunError: the library `rocrate` is missing, or the target cannot be written.
    """
    try:
        from labrun.crate.description import describe
    except ImportError as error:
        if not (error.name or "").startswith("rocrate"):
            raise
        raise LabrunError(
            "to write an RO-Crate, labrun needs the library rocrate: pip install 'labrun[crate]'"
        ) from error
    run = read_run(folder)
    if run.record.get("outcome") == "running":
        advice = "wait for its end; if it was killed, run its project again, which goes on where it was"
        raise ProjectFaults([Fault(f"the run in '{folder}' has not ended: {advice}")])
    if target.exists():
        raise ProjectFaults([Fault(f"'{target}' is there already: name a folder or a file .zip that is not")])
    with expect_sound(folder):
        description = describe(run, members, licence)
    try:
        _write(description.crate, target)
    except OSError as error:
        raise LabrunError(f"cannot write '{target}': {error.strerror or error}") from error
    return Written(description.files, description.stages, description.remarks)


def _write(crate: ROCrate, target: Path) -> None:
    if target.suffix == ".zip":
        with write_atomically(target) as temporary:
            crate.write_zip(temporary)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(target)
    try:
        crate.write(temporary)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)

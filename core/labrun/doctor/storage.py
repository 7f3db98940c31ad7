"""Check the folder of runs: whether it can be written, its free space, and the features of its file system."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from labrun.amounts import bytes_in_words
from labrun.doctor.check import Check
from labrun.files.atomic import replace_folder, write_atomically
from labrun.files.guarded import GuardedPath

__all__ = ["check_storage"]

LITTLE_SPACE = 2e9

ELSEWHERE = "choose another folder with --runs DIR or LABRUN_RUNS"


def check_storage(runs: Path) -> Iterator[Check]:
    """Try the file system in a temporary folder beside the runs."""
    there = next((folder for folder in (runs.absolute(), *runs.absolute().parents) if folder.is_dir()), Path("/"))
    free = shutil.disk_usage(there).free
    space = f"{bytes_in_words(free)} free for {runs}"
    yield (
        Check("disk", "warn", space, f"free some space, or {ELSEWHERE}")
        if free < LITTLE_SPACE
        else Check("disk", "ok", space)
    )
    try:
        with tempfile.TemporaryDirectory(prefix=".labrun-doctor-", dir=there) as name:
            yield Check("runs", "ok", f"{runs} can be written")
            yield _check_files(Path(name))
            yield _check_hdf5(Path(name))
    except OSError as error:
        yield Check("runs", "fail", f"{runs} cannot be written: {error.strerror or error}", ELSEWHERE)


def _check_files(folder: Path) -> Check:
    """Try renames and hard links: finished results are renamed into place, and linked into run folders instead of copied."""
    try:
        with write_atomically(folder / "file") as temporary:
            temporary.write_text("whole", encoding="utf-8")
        new, old = GuardedPath(folder) / "new", GuardedPath(folder) / "old"
        new.make_folder()
        old.make_folder()
        replace_folder(new, old)
    except OSError as error:
        return Check("file system", "fail", f"files cannot be renamed or synced: {error.strerror}", ELSEWHERE)
    try:
        os.link(folder / "file", folder / "link")
    except OSError:
        problem = "no hard links: results are copied into each run's folder and take twice the space"
        return Check("file system", "warn", problem, f"if that is too much, {ELSEWHERE}")
    return Check("file system", "ok", "renames, syncs, hard links")


def _check_hdf5(folder: Path) -> Check:
    import h5py

    path = folder / "part.h5"
    try:
        with h5py.File(path, "w", locking=False) as file:
            file["u"] = [1.0, 2.0]
        with h5py.File(path, "r", locking=False) as file:
            intact = list(file["u"]) == [1.0, 2.0]
    except OSError as error:
        reason = " ".join(str(error).split())
        return Check(
            "HDF5",
            "fail",
            f"files cannot be written there: {reason}",
            ELSEWHERE,
        )
    version = f"HDF5 {h5py.version.hdf5_version}, h5py {h5py.__version__}"
    if not intact:
        return Check(
            "HDF5", "fail", f"{version} does not read back what it wrote", "pip install --force-reinstall h5py"
        )
    return Check("HDF5", "ok", version)

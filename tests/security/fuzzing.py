"""A process that reads damaged files, one after the other, and says how each ended.

    python fuzzing.py KIND FOLDER    then the name of a file on each line of standard input

Answers on standard output, a line each: `read`, or `refused` and the message, or `escaped` and the exception. A library that brings the
process down, or hangs, gives no answer; then the parent knows which file it was.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

warnings.simplefilter("error")


def part(path: Path) -> None:
    """A part of an ensemble, with all that is in it."""
    from labrun.store.parts import StoredMembers

    members = StoredMembers.found_in(path.parent)
    for number in members.numbers:
        for name in members.names(number):
            members.shape(number, name)
            members.read(number, name)


def new_data(path: Path) -> None:
    """What `labrun predict` reads, in each way that it can be understood."""
    from labrun.files.limits import DAMAGE
    from labrun.predicting.readers import readings

    try:
        for reading in readings(path, colours=True, array="a/x" if path.suffix == ".h5" else None):
            for i in range(min(len(reading.table), 3)):
                reading.load(i)
    except DAMAGE as error:
        raise ValueError(error) from error


def cube(path: Path) -> None:
    """A cube of the 21-cm sky, of whatever kind."""
    from labrun_twentyone_cm_files.cubes import open_cube
    from labrun_twentyone_cm_files.plausibility import expect_values

    found, _ = open_cube(path, "density")
    expect_values(path, "density", found)


def sky(path: Path) -> None:
    """A file of 21cmFAST."""
    from labrun_twentyone_cm_files.fast21 import read_21cmfast

    read_21cmfast(path)


def snapshots(path: Path) -> None:
    """A file of snapshots."""
    from labrun.files.digests import sha256_of
    from labrun_persistent_exclusion_files import PersistentExclusionFiles

    PersistentExclusionFiles(file=path, file_sha256=sha256_of(path)).simulate(None)  # type: ignore[arg-type]


def idx(path: Path) -> None:
    """A file of images in the format of MNIST."""
    from labrun_idx_images.idx import read_idx

    read_idx(path, "images")


def picture(path: Path) -> None:
    """A picture, as simulators and `labrun predict` read it."""
    from labrun.kit.pictures import read_picture

    readers: list[Callable[[], Any]] = [
        lambda: read_picture(path),
        lambda: read_picture(path, "rgb"),
        lambda: new_data(path),
    ]
    for read in readers:
        with contextlib.suppress(ValueError, OSError, MemoryError):  # the last fails one member
            read()


KINDS = {found.__name__: found for found in (part, new_data, cube, sky, snapshots, idx, picture)}


def main() -> None:
    from labrun.faults import LabrunError

    read = KINDS[sys.argv[1]]
    os.chdir(sys.argv[2])
    for line in sys.stdin:
        try:
            read(Path(line.strip()))
            answer = "read"
        except (LabrunError, ValueError, OSError, EOFError) as error:
            answer = f"refused {type(error).__name__}: {error}"
        except BaseException as error:  # that is what is looked for
            import traceback

            answer = f"escaped {type(error).__name__}: {error} | {traceback.format_exc()[-800:]}"
        print(" ".join(answer.split()), flush=True)


if __name__ == "__main__":
    main()

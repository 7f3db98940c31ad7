"""Named arrays in one .npz or HDF5 file, with a record of where they come from.

The record is JSON text: the attribute `labrun` of an HDF5 file, an array `labrun` without axes in a .npz file. So

    json.loads(h5py.File("x.h5")["/"].attrs["labrun"])
    json.loads(str(numpy.load("x.npz")["labrun"]))

return it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.files.atomic import write_atomically

if TYPE_CHECKING:
    import numpy as np

__all__ = ["RECORD", "SUFFIXES", "arrays_in", "save_arrays"]

RECORD = "labrun"
"""The name under which a file holds the record."""
SUFFIXES = (".h5", ".npz")


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray], record: Mapping[str, Any]) -> None:
    """Write arrays and their record to `path`, whole or not at all. The suffix of `path` is one of `SUFFIXES`.

    Raises:
        OSError: the file cannot be written.
    """
    text = json.dumps(record, ensure_ascii=False)
    with write_atomically(path) as temporary:
        if path.suffix == ".npz":
            import numpy as np

            with temporary.open("wb") as stream:  # for a path, NumPy would add a suffix
                np.savez(stream, **{**arrays, RECORD: np.array(text)})  # type: ignore[arg-type]
            return
        import h5py

        with h5py.File(temporary, "w") as file:
            file.attrs[RECORD] = text
            for name, array in arrays.items():
                file[name] = array


def arrays_in(names: Iterable[str]) -> list[str]:
    """The arrays among the names in a .npz file, without the record."""
    return [name for name in names if name != RECORD]

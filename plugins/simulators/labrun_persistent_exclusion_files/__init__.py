"""Snapshots of the persistent exclusion process from other programs: one HDF5 file, one member.

A file holds a dataset `conf_<iteration>` for each snapshot, (height, width): 0 empty, otherwise the orientation + 1. Some also hold copies
that are rolled along one axis, `conf_<iteration>_<roll>`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import model_validator

from labrun import Arrays, Field, Simulator, hookimpl
from labrun.files.digests import expect_digest, require_digest
from labrun.files.hdf5 import datasets_in, open_hdf5

if TYPE_CHECKING:
    import h5py
    import numpy as np

NAME = re.compile(r"conf_(\d+)(?:_(\d+))?")
ORIGINAL = -1
"""Roll of a snapshot that is not a rolled copy"""


class PersistentExclusionFiles(Simulator):
    """Snapshots of the persistent exclusion process, read from HDF5 files: each file is a member.

    Datasets `conf_<iteration>`, (height, width), in the file or in its groups: 0 empty, 1 up (row − 1), 2 right (column + 1), 3 down,
    4 left, in numbers of any type. `conf_<iteration>_<roll>` are copies rolled along an axis: they add no information and are left out
    unless `rolled`. All other content is ignored. Snapshots come in the order of iterations, then of rolls.

    A file is named together with its SHA-256 (as `sha256sum` prints it), so that results follow from its content, not from its name:

        sweep: {table: files.csv, columns: [file, file_sha256], labels: [tumbling_rate, density]}

    Raises FileNotFoundError if the file is missing, and ValueError if its digest differs, if it is not HDF5, or if it holds no snapshots,
    snapshots of several sizes, or other numbers.
    """

    name: ClassVar[str] = "persistent_exclusion_files"
    version: ClassVar[int] = 1
    outputs: ClassVar[Mapping[str, str]] = {
        "snapshots": "(snapshots, height, width) uint8: 0 empty, 1 up, 2 right, 3 down, 4 left",
        "iterations": "(snapshots,) int64: number of each snapshot in its file",
        "rolls": f"(snapshots,) int64: number of each rolled copy, {ORIGINAL} for the original snapshots",
    }

    file: Path = Field(description="HDF5 file, relative to the folder in which labrun is started")
    file_sha256: str = Field("", pattern="^([0-9a-f]{64})?$", description="SHA-256 of the file, 64 hexadecimal digits")
    rolled: bool = Field(False, description="whether rolled copies are read too")

    @model_validator(mode="after")
    def _check_digest(self) -> Self:
        """Look at the file only if its digest is missing: a result that is stored needs its file no more."""
        require_digest(self.file, self.file_sha256, "file_sha256")
        return self

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Return the snapshots of the file. Nothing is drawn from `rng`.

        Raises:
            FileNotFoundError: the file is missing.
            ValueError: it has changed, or holds something else.
        """
        import h5py
        import numpy as np

        expect_digest(self.file, self.file_sha256)
        if not h5py.is_hdf5(self.file):
            raise ValueError(f"'{self.file}' is not an HDF5 file")
        with open_hdf5(self.file) as file:
            found = self._found(file)
            shape = next(iter(found.values())).shape
            snapshots = np.empty((len(found), *shape), np.uint8)
            for place, dataset in zip(snapshots, found.values(), strict=True):
                place[...] = self._checked(dataset, shape)
        iterations, rolls = zip(*found, strict=True)
        return {"snapshots": snapshots, "iterations": np.array(iterations), "rolls": np.array(rolls)}

    def _found(self, file: h5py.File) -> dict[tuple[int, int], h5py.Dataset]:
        """Find the datasets to read, by iteration and roll, in that order."""
        found: dict[tuple[int, int], h5py.Dataset] = {}
        copies = 0
        for dataset in datasets_in(file):
            match = NAME.fullmatch(dataset.name.rpartition("/")[2])
            if match is None:
                continue
            copies += match[2] is not None
            if match[2] is not None and not self.rolled:
                continue
            key = int(match[1]), ORIGINAL if match[2] is None else int(match[2])
            if key in found:
                raise ValueError(f"'{self.file}' holds one snapshot twice: {found[key].name} and {dataset.name}")
            found[key] = dataset
        if not found:
            remedy = f" but {copies} rolled copies of some: set rolled=true to read them" if copies else ""
            raise ValueError(f"'{self.file}' holds no snapshots conf_<iteration>{remedy}")
        return dict(sorted(found.items()))

    def _checked(self, dataset: h5py.Dataset, shape: tuple[int, ...]) -> np.ndarray:
        import numpy as np

        if len(dataset.shape) != 2 or dataset.shape != shape or dataset.dtype.kind not in "biuf":
            raise ValueError(
                f"'{self.file}': {dataset.name} is an array of {dataset.shape}, {dataset.dtype}; expected numbers, (height, width), "
                "alike in all snapshots"
            )
        snapshot = dataset[()]
        if not np.isin(snapshot, range(5)).all():
            raise ValueError(f"'{self.file}': {dataset.name} holds other numbers than 0 (empty) to 4 (orientation + 1)")
        return np.asarray(snapshot, np.uint8)


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    """Offer the reader."""
    return [PersistentExclusionFiles]

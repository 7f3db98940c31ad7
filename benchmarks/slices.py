"""Slices per second that a training reads from cubes on disk in random order: `slices`, and h5py.

    python benchmarks/slices.py [--cells 200 --members 4 --slices 4000] [--folder DIR]

Writes cubes like the engine. Prints slices per second for each axis, for all axes mixed and with an instrument, in batches of 128
shuffled over all members. Prints beside them the speed of h5py when it reads only the slice, and when it reads the whole cube of each
slice. The files have just been written, so most of them are in the cache of the operating system.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from labrun import Ensemble, Examples
from labrun.store.parts import StoredMembers, cut, part_name, write_part
from labrun_slices import Slices

ARRAY = "brightness_temperature"
BATCH = 128


def write_cubes(folder: Path, cells: int, members: int) -> Ensemble:
    """Write cubes of noise with cells of 1.5 Mpc, and return them as an ensemble."""
    rng = np.random.default_rng(0)
    parts = cut(members)
    for number, part in enumerate(parts):
        cubes = [rng.standard_normal((cells,) * 3, np.float32) for _ in part]
        write_part(
            folder,
            number,
            [(m, {ARRAY: cube, "cell_size": np.array(1.5)}) for m, cube in zip(part, cubes, strict=True)],
        )
    return Ensemble(StoredMembers(folder, parts), range(members), {"redshift": list(range(members))}, "benchmark")


def slices_of(ensemble: Ensemble, folder: Path, **fields: Any) -> Examples:
    """Return the examples of the dataset."""
    return Slices(y="redshift", **fields).examples(ensemble, np.random.default_rng(0), folder)


def rate(load: Callable[[np.ndarray], Any], order: np.ndarray) -> float:
    """Return examples per second, loaded batch by batch."""
    begun = time.perf_counter()
    for first in range(0, len(order), BATCH):
        load(order[first : first + BATCH])
    return len(order) / (time.perf_counter() - begun)


def h5py_reader(examples: Examples, folder: Path, members: int, whole: bool) -> Callable[[np.ndarray], Any]:
    """Return a function that loads the same slices with h5py: from the whole cube, or as a selection."""
    parts = {member: number for number, part in enumerate(cut(members)) for member in part}
    files = {number: h5py.File(folder / part_name(number), "r", locking=False) for number in set(parts.values())}
    table = examples.table
    assert table is not None

    def load(indices: np.ndarray) -> np.ndarray:
        pictures = []
        for member, axis, position in table.iloc[indices][["member", "axis", "position"]].to_numpy():
            cube = files[parts[member]][f"{member}/{ARRAY}"]
            plane = (*[slice(None)] * axis, position)
            pictures.append(cube[()][plane] if whole else cube[plane])
        return np.stack(pictures)

    return load


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=200, help="cells along each side of a cube")
    parser.add_argument("--members", type=int, default=4)
    parser.add_argument("--slices", type=int, default=4000, help="slices to load; h5py loads a fortieth of them")
    parser.add_argument("--folder", type=Path, help="folder for the cubes")
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        ensemble = write_cubes(folder, options.cells, options.members)
        cases: dict[str, dict[str, Any]] = {f"across axis {axis}": {"axes": [axis]} for axis in range(3)}
        cases |= {"across all axes": {}, "with beam and noise": {"resolution": 6.0, "noise": 1.0}}
        print(
            f"slices of {options.cells}² from {options.members} cubes of {options.cells}³, random order, slices per second"
        )
        for words, fields in cases.items():
            examples = slices_of(ensemble, folder, **fields)
            order = rng.integers(len(examples), size=options.slices)
            print(f"  labrun, {words:<22}{rate(examples.load_x, order):10,.0f}", flush=True)
        few = order[: options.slices // 40]
        for words, whole in (("the slice alone", False), ("the whole cube", True)):
            load = h5py_reader(examples, folder, options.members, whole)
            print(f"  h5py reads {words:<19}{rate(load, few):10,.0f}", flush=True)


if __name__ == "__main__":
    main()

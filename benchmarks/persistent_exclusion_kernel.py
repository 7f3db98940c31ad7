"""Speed of the persistent exclusion kernel: C and Numba in one run, on one core.

    python benchmarks/persistent_exclusion_kernel.py [--updates 2e7]

Prints 10⁶ particle updates (visits) per second of processor time, the best of several interleaved rounds (so other load on the
machine affects both alike), the ratio to C, and the final blocked fraction of both, which must agree. Each round takes `--updates`
updates. C needs gcc.
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import platform
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labrun_persistent_exclusion import PersistentExclusion
from labrun_persistent_exclusion.kernel import Lattice
from labrun_persistent_exclusion.observables import observe

SIZE = 128
POINTS = [*itertools.product((0.15, 0.5), (1 / 32, 1 / 2))]
FLAGS = ["-O3", "-march=native"]


class CLattice:
    """The C version, with the initial state of a lattice of the simulator."""

    def __init__(self, library: Any, lattice: Lattice, tumbling_rate: float) -> None:
        snapshot = lattice.snapshot()
        sites = np.arange(SIZE**2, dtype=np.int32).reshape(SIZE, SIZE)
        ahead = [np.roll(sites, 1, 0), np.roll(sites, -1, 1), np.roll(sites, -1, 0), np.roll(sites, 1, 1)]
        self.place = np.flatnonzero(snapshot).astype(np.int32)
        self.orientation = snapshot.ravel()[self.place].astype(np.int32) - 1
        self.particles, self.tumbling_rate = len(self.place), tumbling_rate
        self.arrays = [
            (snapshot > 0).astype(np.int32),
            self.place,
            self.orientation,
            np.arange(self.particles, dtype=np.int32),
            np.ascontiguousarray(np.stack(ahead, axis=-1)),
        ]
        self.state = np.array([20140112, 12706], np.uint64)
        self.function = library.advance

    def advance(self, sweeps: int) -> None:
        """Make `sweeps` sweeps."""
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in self.arrays]
        state = ctypes.c_void_p(self.state.ctypes.data)
        rate = ctypes.c_double(self.tumbling_rate)
        self.function(*pointers, ctypes.c_int32(self.particles), ctypes.c_int64(sweeps), rate, state)

    def snapshot(self) -> NDArray[np.uint8]:
        """Return the plane, like `Lattice.snapshot`."""
        plane = np.zeros(SIZE**2, np.uint8)
        plane[self.place] = self.orientation + 1
        return plane.reshape(SIZE, SIZE)


def build_c(folder: Path) -> Any:
    """Compile the C version."""
    source, library = Path(__file__).with_suffix(".c"), folder / "advance.so"
    subprocess.run(["gcc", *FLAGS, "-shared", "-fPIC", source, "-o", library], check=True)
    return ctypes.CDLL(str(library))


def seconds(lattice: Lattice | CLattice, sweeps: int) -> float:
    """Return the processor time of some sweeps [s]."""
    began = time.process_time()
    lattice.advance(sweeps)
    return time.process_time() - began


def blocked(lattice: Lattice | CLattice, rate: float) -> float:
    """Return the blocked fraction, averaged over 400 snapshots."""
    fractions = []
    for _ in range(400):
        lattice.advance(round(1 / rate))
        fractions.append(observe(lattice.snapshot()).blocked_fraction)
    return float(np.mean(fractions))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=float, default=2e7, help="particle updates per round")
    parser.add_argument("--rounds", type=int, default=9, help="number of rounds; the best counts")
    options = parser.parse_args()

    print(
        f"persistent exclusion, {SIZE}×{SIZE}, best of {options.rounds}, one core ({platform.machine()}), 10⁶ updates/s"
    )
    print(f"{'ρ':>5}{'α':>9}{'C':>8}{'Numba':>8}{'× C':>8}   blocked: C, Numba")
    with tempfile.TemporaryDirectory() as folder:
        library = build_c(Path(folder))
        for density, rate in POINTS:
            run = PersistentExclusion(density=density, tumbling_rate=rate, size=SIZE)
            numba = run.start(np.random.default_rng(1))
            lattices: list[Lattice | CLattice] = [CLattice(library, numba, rate), numba]
            sweeps = round(options.updates / run.particles)
            for lattice in lattices:
                lattice.advance(round(100 / rate))  # compile, warm up, forget the initial state
            rounds = [[seconds(lattice, sweeps) for lattice in lattices] for _ in range(options.rounds)]
            c, ours = (1e-6 * run.particles * sweeps / min(times) for times in zip(*rounds, strict=True))
            both = ", ".join(f"{blocked(lattice, rate):.4f}" for lattice in lattices)
            print(f"{density:5.2f}{rate:9.5f}{c:8.0f}{ours:8.0f}{ours / c:8.2f}   {both}")


if __name__ == "__main__":
    main()

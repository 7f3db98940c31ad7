"""Speed of the excursion set of `reionization`, and peak memory of a whole simulation.

    python benchmarks/reionization.py [--cells 200] [--rounds 3]

**Time.** Find the ionized cells in a cube of 300 Mpc with 30 radii (up to 15 Mpc) and a sharp-k filter. Ours transforms only the
columns of modes that the filter keeps; the comparison makes full inverse transforms with `scipy.fft`. Prints processor time, the best of
interleaved rounds, and the ratio. Both must ionize the same cells.

**Memory.** Peak of a process that simulates one member from random numbers to brightness, with the initial field on a grid twice as fine.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from typing import Any
from unittest.mock import patch

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from labrun_reionization import Reionization
from labrun_reionization.fourier import SHARP_RADIUS
from labrun_reionization.ionization import ionize
from labrun_reionization.radii import radii_for

BOX = 300.0


def smooth_fully(modes: NDArray[Any], box: float, radius: float, kind: str) -> NDArray[Any]:
    """Apply a sharp-k filter and a full inverse transform."""
    cells = len(modes)
    across = np.fft.fftfreq(cells, box / cells / (2 * np.pi)).astype(np.float32) ** 2
    along = across[: cells // 2 + 1]
    kept = across[:, None, None] + across[:, None] + along <= np.float32(1 / (SHARP_RADIUS * radius) ** 2)
    return scipy.fft.irfftn(modes * kept, (cells,) * 3, overwrite_x=True)


def seconds(density: NDArray[Any], member: Reionization) -> tuple[float, NDArray[Any]]:
    """Return the processor time of the excursion set [s], and the neutral fraction."""
    with threadpool_limits(1):  # like labrun's workers; waiting threads would count as processor time
        began = time.process_time()
        found = ionize(density, BOX, member.sources(), member.largest_radius, member.filter).neutral_fraction
        return time.process_time() - began, found


def whole_run(cells: int) -> float:
    """Simulate one member, and return the peak memory of this process [GiB]."""
    Reionization(cells=cells, box=BOX, redshift=8.0).simulate(np.random.default_rng(1))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=200, help="cells along each side")
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds; the best counts")
    options = parser.parse_args()

    with multiprocessing.get_context("spawn").Pool(1) as pool:
        memory = pool.apply(whole_run, (options.cells,))
    print(f"{options.cells}³, initial field {2 * options.cells}³: peak memory of a whole simulation {memory:.2f} GiB")

    member = Reionization(cells=options.cells, box=BOX, redshift=8.0)
    density = member.simulate(np.random.default_rng(1))["density"]
    times: dict[str, list[float]] = {"pruned": [], "full": []}
    for _ in range(options.rounds):
        ours, found = seconds(density, member)
        with patch("labrun_reionization.ionization.smooth", smooth_fully):
            theirs, expected = seconds(density, member)
        assert np.mean((found == 0) != (expected == 0)) < 1e-5
        times["pruned"].append(ours)
        times["full"].append(theirs)
    ours, theirs = min(times["pruned"]), min(times["full"])
    radii = len(radii_for(options.cells, BOX, member.largest_radius))
    print(
        f"{radii} radii, sharp-k: pruned {ours:.2f} s, full transforms {theirs:.2f} s of processor time: {theirs / ours:.2f} times as long"
    )


if __name__ == "__main__":
    main()

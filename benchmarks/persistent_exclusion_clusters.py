"""Speed of cluster labels and observables: ours, and scipy.ndimage.label joined over the periodic boundaries, on the same snapshots.

    python benchmarks/persistent_exclusion_clusters.py [--snapshots 50]

Prints milliseconds per snapshot of 128×128 (processor time, the best of several interleaved rounds) for labels alone and for labels with
all observables, and checks that both give the same results. Only ours includes the winding, which SciPy does not compute.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from labrun_lattices.clusters import label_clusters
from labrun_persistent_exclusion import PersistentExclusion
from labrun_persistent_exclusion.observables import observe

POINTS = [*itertools.product((0.05, 0.15, 0.5), (1 / 64, 1 / 32, 1 / 2))]


def scipy_labels(snapshot: NDArray[np.uint8]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return periodic labels and sizes: label, join over both boundaries as a graph, and renumber."""
    labels, count = ndimage.label(snapshot)
    first = np.concatenate([labels[0], labels[:, 0]])
    last = np.concatenate([labels[-1], labels[:, -1]])
    touch = (first > 0) & (last > 0)
    graph = coo_array((np.ones(np.count_nonzero(touch)), (first[touch], last[touch])), shape=(count + 1, count + 1))
    _, joined = connected_components(graph, directed=False)  # label 0 is not joined with any and stays 0
    labels = joined[labels]
    return labels, np.bincount(labels.ravel())[1:]


def scipy_observe(snapshot: NDArray[np.uint8]) -> tuple[float, int, int, float, float]:
    """Return the observables except the winding, computed in NumPy."""
    _, sizes = scipy_labels(snapshot)
    occupied = snapshot > 0
    blocked = 0
    for orientation, (shift, axis) in enumerate([(1, 0), (-1, 1), (-1, 0), (1, 1)], start=1):
        blocked += int(np.count_nonzero((snapshot == orientation) & np.roll(occupied, shift, axis)))
    particles = sizes.sum()
    mean = (sizes.astype(np.int64) ** 2).sum() / particles
    return mean, sizes.max(), len(sizes), blocked / particles, np.count_nonzero(sizes == 1) / particles


def milliseconds(function: Callable[[Any], Any], snapshots: NDArray[np.uint8]) -> float:
    """Return the processor time per snapshot [ms]."""
    began = time.process_time()
    for snapshot in snapshots:
        function(snapshot)
    return 1e3 * (time.process_time() - began) / len(snapshots)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--snapshots", type=int, default=50, help="snapshots per round")
    parser.add_argument("--rounds", type=int, default=7, help="number of rounds; the best counts")
    options = parser.parse_args()
    functions = scipy_labels, label_clusters, scipy_observe, observe

    print(f"128×128, best of {options.rounds} [ms per snapshot]")
    print(f"{'ρ':>5}{'α':>9}{'labels: SciPy':>16}{'ours':>8}{'×':>7}{'all: SciPy':>14}{'ours':>8}{'×':>7}")
    for density, rate in POINTS:
        run = PersistentExclusion(density=density, tumbling_rate=rate, snapshots=options.snapshots)
        snapshots = run.simulate(np.random.default_rng(1))["snapshots"]
        for snapshot in snapshots:
            np.testing.assert_array_equal(label_clusters(snapshot)[0], scipy_labels(snapshot)[0])
            np.testing.assert_allclose(observe(snapshot)[:5], scipy_observe(snapshot), rtol=1e-12)
        rounds = [[milliseconds(function, snapshots) for function in functions] for _ in range(options.rounds)]
        a, b, c, d = map(min, zip(*rounds, strict=True))
        print(f"{density:5.2f}{rate:9.5f}{a:16.3f}{b:8.3f}{a / b:7.1f}{c:14.3f}{d:8.3f}{c / d:7.1f}")


if __name__ == "__main__":
    main()

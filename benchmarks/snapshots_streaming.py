"""Do snapshots that are read from disk hold a training up, and how much memory does it take? An epoch streamed, and the same in memory.

    python benchmarks/snapshots_streaming.py [--members 100 --snapshots 100] [--rounds 2]
    python benchmarks/snapshots_streaming.py --simulation runs/tumbling_densities/simulations/mixture [--batches 300]

The first simulates an ensemble and prints, in one run, the seconds of an epoch of the network `periodic` streamed from disk and of the
same examples held in memory, in turns. The second trains on some batches of a large ensemble, shuffled as a whole as in a training, and
prints the peak of the memory of this process.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from labrun import Ensemble, Examples
from labrun.contracts.backend import load_keras
from labrun.learning.batches import Batches, as_keras
from labrun.store.parts import StoredMembers, cut, write_part
from labrun_persistent_exclusion import PersistentExclusion
from labrun_snapshot_cnn import SnapshotCNN
from labrun_snapshots import Snapshots

RATES = [0.03125, 0.0625, 0.125, 0.25, 0.5]


def simulate(folder: Path, members: int, snapshots: int) -> Ensemble:
    """Write an ensemble as the engine does, and open it."""
    rates = [RATES[i % len(RATES)] for i in range(members)]
    parts = cut(members)
    for number, part in enumerate(parts):
        runs = [PersistentExclusion(density=0.15, tumbling_rate=rates[i], snapshots=snapshots) for i in part]
        write_part(
            folder, number, [(i, run.simulate(np.random.default_rng(i))) for i, run in zip(part, runs, strict=True)]
        )
    return Ensemble(StoredMembers(folder, parts), range(members), {"tumbling_rate": rates}, "benchmark")


def opened(simulation: Path) -> Ensemble:
    """The ensemble of a run, or as much of it as there is."""
    members = StoredMembers.found_in(simulation / "parts")
    table = pd.read_csv(simulation / "members.csv", index_col="member").loc[members.numbers]
    return Ensemble(members, members.numbers, table.to_dict("list"), simulation.name)


def in_memory(examples: Examples) -> Examples:
    """The same examples, all of them loaded."""
    x, y = examples.load(slice(None))
    return Examples(lambda i: x[i], lambda i: y[i], examples.groups, quantity=examples.quantity, periodic=True)


def fit(model: Any, batches: Batches, steps: int | None = None) -> float:
    """Seconds of one epoch, or of its first batches."""
    begun = time.perf_counter()
    model.fit(as_keras(batches), epochs=1, steps_per_epoch=steps, shuffle=False, verbose=0)
    return time.perf_counter() - begun


def compare(options: argparse.Namespace) -> None:
    """Streamed against in memory."""
    with tempfile.TemporaryDirectory() as folder:
        ensemble = simulate(Path(folder), options.members, options.snapshots)
        streamed = Snapshots().examples(ensemble, np.random.default_rng(0))
        model = SnapshotCNN.configured({"preset": "periodic"}).build(streamed.spec)
        ways = {"streamed": streamed, "in memory": in_memory(streamed)}
        fit(model, Batches(streamed, 32, shuffle=True), 5)  # compiles
        seconds = {
            name: min(fit(model, Batches(x, 32, shuffle=True)) for _ in range(options.rounds))
            for name, x in ways.items()
        }
    print(f"an epoch of {len(streamed):,} snapshots of {options.members} members, best of {options.rounds}")
    for name, took in seconds.items():
        print(f"{name:<12}{took:8.1f} s   {took / seconds['in memory']:.2f}")


def measure_memory(options: argparse.Namespace) -> None:
    """The peak of a training on a large ensemble."""
    examples = Snapshots(density="density" in (ensemble := opened(options.simulation)).columns).examples(
        ensemble, np.random.default_rng(0)
    )
    print(f"{len(examples):,} snapshots of {len(ensemble):,} members")
    model = SnapshotCNN.configured({"preset": "periodic"}).build(examples.spec)
    took = fit(model, Batches(examples, 64, shuffle=True), options.batches)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{options.batches} batches of 64: {1e3 * took / options.batches:.0f} ms a batch; peak memory {peak:.2f} GiB")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=100)
    parser.add_argument("--snapshots", type=int, default=100, help="of each member")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--simulation", type=Path, help="the folder of a simulation in a run")
    parser.add_argument("--batches", type=int, default=300)
    options = parser.parse_args()
    load_keras()
    if options.simulation is None:
        compare(options)
    else:
        measure_memory(options)


if __name__ == "__main__":
    main()

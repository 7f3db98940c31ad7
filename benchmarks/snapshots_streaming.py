"""Time and memory of a training on snapshots that are streamed from disk, compared with snapshots in memory.

    python benchmarks/snapshots_streaming.py [--members 100 --snapshots 100] [--rounds 2]
    python benchmarks/snapshots_streaming.py --simulation runs/tumbling_densities/simulations/mixture [--batches 300]

The first command simulates an ensemble and prints the seconds of an epoch of the network `periodic`, streamed from disk and with the same
examples in memory. The second trains on some batches of a large ensemble, shuffled over all examples as in a training, and
prints the peak memory of this process.
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
    """Write an ensemble like the engine, and open it."""
    rates = [RATES[i % len(RATES)] for i in range(members)]
    parts = cut(members)
    for number, part in enumerate(parts):
        runs = [PersistentExclusion(density=0.15, tumbling_rate=rates[i], snapshots=snapshots) for i in part]
        write_part(
            folder, number, [(i, run.simulate(np.random.default_rng(i))) for i, run in zip(part, runs, strict=True)]
        )
    return Ensemble(StoredMembers(folder, parts), range(members), {"tumbling_rate": rates}, "benchmark")


def opened(simulation: Path) -> Ensemble:
    """Open the ensemble of a run, or as much of it as exists."""
    members = StoredMembers.found_in(simulation / "parts")
    table = pd.read_csv(simulation / "members.csv", index_col="member").loc[members.numbers]
    return Ensemble(members, members.numbers, table.to_dict("list"), simulation.name)


def in_memory(examples: Examples) -> Examples:
    """Load all examples."""
    x, y = examples.load(slice(None))
    return Examples(lambda i: x[i], lambda i: y[i], examples.groups, quantity=examples.quantity, periodic=True)


def fit(model: Any, batches: Batches, steps: int | None = None) -> float:
    """Return the seconds of one epoch, or of its first `steps` batches."""
    begun = time.perf_counter()
    model.fit(as_keras(batches), epochs=1, steps_per_epoch=steps, shuffle=False, verbose=0)
    return time.perf_counter() - begun


def compare(options: argparse.Namespace) -> None:
    """Compare streaming with examples in memory, and print both."""
    with tempfile.TemporaryDirectory() as folder:
        ensemble = simulate(Path(folder), options.members, options.snapshots)
        streamed = Snapshots().examples(ensemble, np.random.default_rng(0))
        model = SnapshotCNN.configured({"preset": "periodic"}).build(streamed.spec)
        ways = {"streamed": streamed, "in memory": in_memory(streamed)}
        fit(model, Batches(streamed, 32, shuffle=True), 5)  # compile
        seconds = {
            name: min(fit(model, Batches(x, 32, shuffle=True)) for _ in range(options.rounds))
            for name, x in ways.items()
        }
    print(f"epoch of {len(streamed):,} snapshots of {options.members} members, best of {options.rounds}")
    for name, took in seconds.items():
        print(f"{name:<12}{took:8.1f} s   {took / seconds['in memory']:.2f}")


def measure_memory(options: argparse.Namespace) -> None:
    """Train on a large ensemble, and print the peak memory."""
    examples = Snapshots(density="density" in (ensemble := opened(options.simulation)).columns).examples(
        ensemble, np.random.default_rng(0)
    )
    print(f"{len(examples):,} snapshots of {len(ensemble):,} members")
    model = SnapshotCNN.configured({"preset": "periodic"}).build(examples.spec)
    took = fit(model, Batches(examples, 64, shuffle=True), options.batches)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{options.batches} batches of 64: {1e3 * took / options.batches:.0f} ms per batch; peak memory {peak:.2f} GiB"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=100)
    parser.add_argument("--snapshots", type=int, default=100, help="snapshots of each member")
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

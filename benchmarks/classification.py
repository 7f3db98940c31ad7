"""Patterns per second that a shipped network classifies, beside Keras's own `predict` and the publication's architecture.

    python benchmarks/classification.py [--patterns 5481] [--simulation runs/gray_scott_scan/simulations/scan]

With `--simulation` the patterns of a run are read from disk while they are classified, as in a scan. Otherwise they are random numbers in
memory, since the time does not depend on their values.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from labrun import Examples
from labrun.learning.pretrained import load_trained
from labrun.predicting.new_data import read_new_data
from labrun.registry.registry import Registry

NETWORK = "gray_scott_first_pass"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patterns", type=int, default=5481)
    parser.add_argument("--simulation", type=Path)
    options = parser.parse_args()
    registry = Registry.installed()
    model = load_trained(registry.pretrained()[NETWORK], registry.find("models", "pattern_cnn"))
    examples = read_new_data(options.simulation, model).examples if options.simulation else in_memory(options.patterns)
    x = examples.load_x(np.arange(min(1024, len(examples))))
    _ = model.network  # loads Keras, and the weights
    origin = type(model.plugin).configured({"preset": "origin_2d"}).build(model.spec)  # random weights suffice
    rows = [
        ("labrun, shipped network", len(examples), lambda: model.probabilities(examples)),
        ("keras predict, same network, in memory", len(x), lambda: model.network.predict(x, batch_size=32, verbose=0)),
        ("keras predict, the publication's network", len(x), lambda: origin.predict(x, batch_size=32, verbose=0)),
    ]
    for name, count, run in rows:
        wall, cpu = measure(run)
        print(
            f"{name:40s} {count:5d} patterns: {count / wall:7.0f} per second, {1e3 * cpu / count:5.2f} ms of CPU each"
        )


def in_memory(count: int) -> Examples:
    """Return `count` patterns of random numbers."""
    pool = np.random.default_rng(0).random((256, 128, 128, 3), dtype=np.float32)
    return Examples.inputs_only(lambda indices: pool[indices % len(pool)], count)


def measure(run: Callable[[], object]) -> tuple[float, float]:
    """Return wall and CPU seconds, the better of two runs after a warm-up."""
    run()
    found = []
    for _ in range(2):
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        found.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(found)


if __name__ == "__main__":
    main()

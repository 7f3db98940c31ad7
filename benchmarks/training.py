"""Steps of training per second for the bundled networks, on each backend of Keras that is installed, one after the other on this machine.

    python benchmarks/training.py [--backends tensorflow,jax,torch] [--networks pattern_cnn,unet] [--threads 2] [--epochs 4] [--toy]

Each network trains as in a run (reading, augmentation, step, checkpoint), on noise in the shapes of the projects. The first epoch, in
which the backend compiles, does not count; of the others, the fastest does. `--toy` shrinks everything, to see whether the benchmark runs.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BACKENDS = ("tensorflow", "jax", "torch")


@dataclass(frozen=True)
class Case:
    """A network, and what it learns from."""

    model: str
    shape: tuple[int, ...]
    batch: int
    steps: int
    target: dict[str, Any]
    config: dict[str, Any]
    augment: tuple[str, ...] = ()

    def toy(self) -> Case:
        """Return the same with small pictures, in two steps of four examples."""
        return Case(
            self.model, (*(64 for _ in self.shape[:-1]), self.shape[-1]), 4, 2, self.target, self.config, self.augment
        )


CASES = (
    Case(
        "pattern_cnn",
        (128, 128, 3),
        32,
        4,
        {"classes": tuple("abcdefghijkl")},
        {"preset": "compact"},
        ("flip", "quarter_turn"),
    ),
    Case("unet", (128, 128, 1), 8, 4, {"picture": True}, {"depth": 3, "filters": 16, "loss": "crossentropy"}),
    Case("autoencoder", (128, 128, 1), 8, 4, {"picture": True}, {}),
    Case("slice_cnn", (96, 96, 1), 32, 4, {"number": True}, {"preset": "direct"}),
    Case("mlp", (20,), 32, 50, {"classes": ("a", "b")}, {}),
)
"""In the shapes and batches of the projects, or near them."""


def steps_per_second(case: Case, epochs: int, threads: int) -> float:
    """Train on the backend that Keras is set to."""
    from labrun import Model
    from labrun.learning.checkpoint import checkpoint_in
    from labrun.learning.settings import FitBlock
    from labrun.learning.training import train
    from labrun.registry.registry import Registry
    from labrun.testing.toys import toy_examples

    plugin = Registry.installed().find("models", case.model).plugin.configured(case.config)
    assert isinstance(plugin, Model)
    examples = toy_examples(case.shape, count=case.batch * case.steps, **case.target)
    examples.periodic = True
    settings = {
        "train": "toy",
        "epochs": epochs,
        "batch_size": case.batch,
        "augment": list(case.augment),
        "threads": threads,
    }
    ends: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        fit, checkpoint = FitBlock.model_validate(settings), checkpoint_in(Path(folder))
        train(plugin, fit, examples, None, {}, 1, checkpoint, Path(folder), lambda *_: ends.append(time.perf_counter()))
    return case.steps / min(later - earlier for earlier, later in itertools.pairwise(ends))


def measure(backend: str, options: argparse.Namespace) -> dict[str, float]:
    """Measure all networks in a process of the backend."""
    words = [sys.executable, __file__, "--here", *(["--toy"] if options.toy else [])]
    words += ["--networks", options.networks, "--threads", str(options.threads), "--epochs", str(options.epochs)]
    done = subprocess.run(
        words, env=os.environ | {"KERAS_BACKEND": backend}, stdout=subprocess.PIPE, text=True, check=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Measure and print a table: a row for each network, a column for each backend."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backends", default=",".join(BACKENDS))
    parser.add_argument("--networks", default=",".join(case.model for case in CASES))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--toy", action="store_true")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    cases = [case.toy() if options.toy else case for case in CASES if case.model in options.networks.split(",")]
    if options.here:
        print(json.dumps({case.model: steps_per_second(case, options.epochs, options.threads) for case in cases}))
        return
    backends = [name for name in options.backends.split(",") if importlib.util.find_spec(name)]
    found = {backend: measure(backend, options) for backend in backends}
    print(f"{'steps per second':16}{'x':>16}{'batch':>7}" + "".join(f"{backend:>12}" for backend in backends))
    for case in cases:
        shape = "×".join(map(str, case.shape))
        print(
            f"{case.model:16}{shape:>16}{case.batch:>7}" + "".join(f"{found[b][case.model]:>12.3g}" for b in backends)
        )


if __name__ == "__main__":
    main()

"""Train on more examples than fit in memory: the memory of the process is limited, and the examples are streamed from disk.

    python benchmarks/bigger_than_memory.py [--gigabytes 20] [--limit 2] [--keep FOLDER]

Simulates pictures of noise, 256 × 256 pixels of float32. Then `labrun run` trains on all of them for one epoch, in a process whose
own memory is limited to `--limit` GiB (RLIMIT_DATA); the files are dropped from the system's cache before. Prints the
time of the epoch and the peak memory. Then it prints the time of a batch streamed from disk beside that of a batch of
examples in memory, measured in turns, for a network so small that the input dominates, and for `simple_cnn`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from labrun import Ensemble, Examples
from labrun.contracts.backend import load_keras
from labrun.learning.batches import Batches, as_keras
from labrun.registry.local_file import load_file
from labrun.registry.registry import Registry
from labrun.store.parts import StoredMembers

PLUGIN = '''\
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from labrun import Arrays, ExampleSpec, Field, Model, Simulator, hookimpl

if TYPE_CHECKING:
    import keras


class Noise(Simulator):
    """Normal noise with a given mean and variance 1."""

    name: ClassVar[str] = "noise"

    mean: float = Field(description="dimensionless")

    def simulate(self, rng: np.random.Generator) -> Arrays:
        return {"u": rng.standard_normal((256, 256, 1), np.float32) + np.float32(self.mean)}


class Glance(Model):
    """One convolution of stride 4."""

    name: ClassVar[str] = "glance"

    def build(self, examples: ExampleSpec) -> "keras.Model":
        import keras

        x = keras.Input(examples.x.shape, name="x")
        h = keras.layers.Conv2D(8, 7, strides=4, activation="relu", name="conv")(x)
        h = keras.layers.GlobalAveragePooling2D(name="mean")(h)
        model = keras.Model(x, keras.layers.Dense(len(examples.classes), name="logits")(h))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss, metrics=["accuracy"])
        return model


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    return [Noise]


@hookimpl
def labrun_models() -> list[type[Model]]:
    return [Glance]
'''
PROJECT = """\
project: bigger
plugins: [plugin.py]
simulations:
  noise: {{use: noise, sweep: {{table: [{{mean: 0, kind: low}}, {{mean: 0.01, kind: high}}], labels: [kind], repeats: {repeats}}}}}
datasets:
  noise: {{use: labelled, from: noise, with: {{x: u, y: kind}}}}
models:
  glance: {{use: glance, fit: {{train: noise, epochs: 1, batch_size: 64}}}}
"""
PICTURE = 256 * 256 * 4


def labrun(folder: Path, *words: str, limit: int | None = None) -> float:
    """Return the seconds of `labrun run`, whose memory is limited to `limit` [bytes]."""

    def restrict() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    begun = time.perf_counter()
    command = [sys.executable, "-m", "labrun", "run", "bigger.yaml", *words]
    subprocess.run(command, check=True, cwd=folder, preexec_fn=restrict)
    return time.perf_counter() - begun


def forget(files: list[Path]) -> None:
    """Drop files from the system's cache."""
    for file in files:
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def train_whole(folder: Path, limit: float) -> list[Path]:
    """Train an epoch on all examples under the limit [GiB], and return the files of the ensemble."""
    parts = sorted((folder / "runs/.store/simulations").rglob("*.h5"))
    forget(parts)
    labrun(folder, limit=int(limit * 2**30))
    record = json.loads((folder / "runs/bigger/run.json").read_text())
    seconds = record["stages"]["models.glance"]["seconds"]
    size = sum(part.stat().st_size for part in parts)
    peak = record["peak_memory_bytes"]["driver"]
    print(f"epoch on {size / 1e9:.1f} GB, limited to {limit:g} GiB: {seconds:.0f} s, {size / 1e6 / seconds:.0f} MB/s")
    print(f"peak memory of the process, including pages of mapped files: {peak / 2**30:.2f} GiB")
    return parts


def milliseconds(model: Any, examples: Examples, batches: int, seed: int) -> float:
    """Return the time of a batch of 64 [ms]."""
    stream = as_keras(Batches(examples, 64, seed, shuffle=True))
    begun = time.perf_counter()
    model.fit(stream, epochs=1, steps_per_epoch=batches, shuffle=False, verbose=0)
    return 1e3 * (time.perf_counter() - begun) / batches


def compare(folder: Path, parts: list[Path]) -> None:
    """Compare streamed batches with batches of examples in memory, and print both."""
    load_keras()
    registry = Registry.installed()
    members = StoredMembers.found_in(parts[0].parent)
    kinds = ["low" if number < len(members.numbers) / 2 else "high" for number in members.numbers]
    ensemble = Ensemble(members, members.numbers, {"kind": kinds})
    labelled = registry.find("datasets", "labelled").plugin.configured({"x": "u", "y": "kind"})
    streamed = labelled.examples(ensemble)  # type: ignore[attr-defined]
    x, y = streamed.load(np.linspace(0, len(streamed) - 1, min(640, len(streamed))).astype(int))
    count = len(y)  # repeated, so both epochs have the same length
    held = Examples(lambda i: x[i % count], lambda i: y[i % count], streamed.groups, classes=streamed.classes)
    networks = {
        "glance": (load_file(folder / "plugin.py").Glance(), 200),
        "simple_cnn": (registry.find("models", "simple_cnn").plugin.configured({}), 30),
    }
    for name, (plugin, batches) in networks.items():
        model = plugin.build(streamed.spec)
        batches = min(batches, len(streamed) // 64)
        milliseconds(model, held, 3, 0)  # compiles
        forget(parts)
        took: dict[str, list[float]] = {"streamed": [], "in memory": []}
        for turn in range(3):
            took["streamed"].append(milliseconds(model, streamed, batches, turn))
            took["in memory"].append(milliseconds(model, held, batches, turn))
        best = {way: min(values) for way, values in took.items()}
        figures = "   ".join(f"{way} {value:.1f} ms" for way, value in best.items())
        print(f"{name:<11} batch of 64: {figures}   ratio {best['streamed'] / best['in memory']:.2f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=20)
    parser.add_argument("--limit", type=float, default=2, help="GiB")
    parser.add_argument("--keep", type=Path, help="folder in which the simulations are kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "plugin.py").write_text(PLUGIN)
        (folder / "bigger.yaml").write_text(PROJECT.format(repeats=round(options.gigabytes * 1e9 / PICTURE / 2)))
        labrun(folder, "--only", "simulations.noise")
        compare(folder, train_whole(folder, options.limit))


if __name__ == "__main__":
    main()

"""Truncate files of a store, flip bits in them at random, and check that the damage is noticed, never used, and repaired.

`python -m benchmarks.damage 200` damages two hundred files, in four results at a time: parts, receipts, manifests, files of datasets,
models and analyses, and checkpoints of a killed training. In every other round, a flipped bit leaves the time of its file unchanged, like
a failing disk, so only `labrun verify` can notice it. Then the project is run again, and all bytes are compared with those before the
damage.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from click.testing import CliRunner, Result

PLUGIN = '''
from pathlib import Path
from typing import ClassVar
import numpy as np
from labrun import Analysis, Dataset, Ensemble, Examples, Findings, Model, Simulator, TrainedModel, hookimpl

class Noise(Simulator):
    """Noise, and where it is positive."""
    name: ClassVar[str] = "noise"
    mean: float = 0.0
    def simulate(self, rng):
        u = self.mean + rng.normal(size=(6, 8))
        return {"u": u, "positive": np.repeat(u > 0, 100, 0)}

class Prepared(Dataset):
    """Means of rows, kept in a folder of its own."""
    name: ClassVar[str] = "prepared"
    def examples(self, simulation: Ensemble, folder: Path) -> Examples:
        file = folder / "rows" / "x.npy"
        if not file.exists():
            file.parent.mkdir(exist_ok=True)
            np.save(file, np.stack([member["u"].mean(1) for member in simulation]))
        x, y = np.load(file), np.array(simulation.columns["mean"], np.float32)
        return Examples(lambda i: x[i], lambda i: y[i], np.arange(len(x)))

class Linear(Model):
    """One dense layer."""
    name: ClassVar[str] = "linear"
    def build(self, examples):
        import keras
        x = keras.Input(examples.x.shape, name="x")
        model = keras.Model(x, keras.layers.Dense(1, name="y")(x))
        model.compile(keras.optimizers.Adam(0.01), "mse")
        return model

class Errors(Analysis):
    """Errors of a model."""
    name: ClassVar[str] = "errors"
    def analyse(self, model: TrainedModel, dataset: Examples, simulation: Ensemble) -> Findings:
        import pandas as pd
        errors = model.predict(dataset).ravel() - dataset.load_y(np.arange(len(dataset)))
        table = pd.DataFrame({"error": errors, "spread": [float(member["u"].std()) for member in simulation]})
        return Findings({"error": float(np.abs(errors).mean())}, {"errors": table}, files={"raw.bin": errors.tobytes()})

@hookimpl
def labrun_simulators(): return [Noise]
@hookimpl
def labrun_datasets(): return [Prepared]
@hookimpl
def labrun_models(): return [Linear]
@hookimpl
def labrun_analyses(): return [Errors]
'''

PROJECT = """
project: damage
seed: 7
plugins: [plugin.py]
simulations:
  noise: {use: noise, sweep: {grid: {mean: [-1, 0, 1]}, repeats: 4}}
  other: {use: noise, sweep: {grid: {mean: [2]}, repeats: 3}}
datasets:
  rows: {use: prepared, from: noise}
models:
  net: {use: linear, fit: {train: rows, validation: rows, epochs: 3, samples: {count: 2, every: 1}}}
analyses:
  errors: {use: errors, from: {model: net, dataset: rows, simulation: noise}}
"""


@dataclass
class Tally:
    """How much damage was done, noticed and repaired."""

    damaged: int = 0
    noticed: int = 0
    rounds: int = 0
    restored: int = 0
    failures: list[str] = field(default_factory=list)


class Rig:
    """A finished project in a folder, and the contents of its files before any damage."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "plugin.py").write_text(PLUGIN)
        (folder / "project.yaml").write_text(PROJECT)
        self.store = folder / "runs" / ".store"
        with mock.patch(
            "labrun.learning.training.write_result", side_effect=KeyboardInterrupt
        ):  # killed when all epochs are done
            self.labrun("run", "project.yaml", "--workers", "2", "--grace", "0")
        self.checkpoint = next((self.store / "checkpoints").iterdir())
        shutil.copytree(self.checkpoint, folder / "kept")
        self.run()
        self.before = self.contents()

    def labrun(self, *words: str) -> Result:
        from labrun.cli import main

        with contextlib.chdir(self.folder):
            return CliRunner().invoke(main, list(words))

    def run(self) -> Result:
        return self.labrun("run", "project.yaml", "--workers", "2")

    def contents(self) -> dict[str, bytes]:
        """Return all files in the store and in the run's folder, except manifests, which hold times."""
        folders = [
            self.store,
            *(self.folder / "runs" / "damage" / s for s in ("simulations", "datasets", "models", "analyses")),
        ]
        files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
        return {str(path): path.read_bytes() for path in files if path.name not in ("manifest.json", ".key")}

    def results(self) -> list[Path]:
        return [
            path
            for section in self.store.iterdir()
            if section.is_dir() and section.name != "checkpoints"
            for path in section.iterdir()
        ]

    def put_checkpoint(self) -> Path:
        """Pretend that the training was killed before its result was written, and return its checkpoint."""
        shutil.rmtree(self.store / "models")
        shutil.copytree(self.folder / "kept", self.checkpoint)
        return self.checkpoint


def damage(path: Path, chance: random.Random, *, rot: bool) -> str:
    """Damage a file, and return a description of the damage."""
    content = bytearray(path.read_bytes())
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.chmod(0o644)
    if rot or chance.random() < 0.6:
        bit = chance.randrange(8 * len(content))
        content[bit // 8] ^= 1 << bit % 8
        done = f"bit {bit} flipped"
    else:
        del content[chance.randrange(len(content)) :]
        done = f"cut to {len(content)} bytes"
    path.write_bytes(content)
    if rot:
        os.utime(path, ns=times)
    return f"{path.name}: {done}{', time kept' if rot else ''}"


def damage_round(rig: Rig, chance: random.Random, count: int, *, rot: bool, tally: Tally) -> None:
    """Damage a file in each of `count` results, let labrun find and repair it, and count."""
    folders = chance.sample(rig.results(), count)
    if any(folder.parent.name == "models" for folder in folders) and chance.random() < 0.5:
        folders = [folder for folder in folders if folder.parent.name != "models"] + [rig.put_checkpoint()]
    targets = [chance.choice([path for path in folder.rglob("*") if path.is_file()]) for folder in folders]
    done = [damage(path, chance, rot=rot) for path in targets]
    tally.damaged += len(targets)
    tally.rounds += 1
    output = ""
    if rot:
        verified = rig.labrun("verify")
        output = verified.stdout
        if verified.exit_code != 1:
            tally.failures.append(f"verify exits with {verified.exit_code}: {done}: {verified.output}")
    ran = rig.run()
    output += ran.stderr
    missed = [what for what, path in zip(done, targets, strict=True) if path.name not in output]
    tally.noticed += len(targets) - len(missed)
    whole = ran.exit_code == 0 and rig.contents() == rig.before and rig.labrun("verify").exit_code == 0
    tally.restored += whole
    if missed or not whole:
        tally.failures.append(f"{'not noticed' if missed else 'not as before'}: {missed or done}: {ran.output}")


def damage_at_random(folder: Path, count: int, seed: int, tell: Callable[[str], None] = lambda _: None) -> Tally:
    """Damage `count` files, four at a time, and report progress to `tell`."""
    chance, tally = random.Random(seed), Tally()
    rig = Rig(folder)
    while tally.damaged < count:
        damage_round(rig, chance, min(4, count - tally.damaged), rot=tally.rounds % 2 == 1, tally=tally)
        tell(f"{tally.noticed} of {tally.damaged} noticed")
    return tally


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as place:
        os.environ["XDG_CACHE_HOME"] = f"{place}/cache"
        found = damage_at_random(Path(place) / "project", total, int(sys.argv[2]) if len(sys.argv) > 2 else 1, print)
    print(
        f"{found.noticed} of {found.damaged} noticed; all bytes restored after {found.restored} of {found.rounds} rounds"
    )
    print(*found.failures, sep="\n")
    sys.exit(bool(found.failures))

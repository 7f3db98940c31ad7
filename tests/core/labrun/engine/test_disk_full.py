"""A disk that fills up: told in words, what was finished is kept, and the run completes once there is room."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PLUGIN = '''
from pathlib import Path
from typing import ClassVar
import numpy as np
from labrun import Analysis, Dataset, Ensemble, Examples, Field, Findings, Model, Simulator, TrainedModel, hookimpl

class Big(Simulator):
    """A member of a given size."""
    name: ClassVar[str] = "big"
    megabytes: float = Field(1.0, description="of one member")
    def simulate(self, rng):
        return {"u": rng.normal(size=int(self.megabytes * 131072))}

class Few(Dataset):
    """The first numbers of each member."""
    name: ClassVar[str] = "few"
    def examples(self, simulation: Ensemble) -> Examples:
        return Examples(
            lambda i: np.stack([simulation.read(n, "u", np.s_[:4]) for n in i]), lambda i: i * 1.0, np.arange(len(simulation))
        )

class Kept(Dataset):
    """The first numbers of each member, and a file of a given size in a folder of its own."""
    name: ClassVar[str] = "kept"
    megabytes: float = 0.1
    def examples(self, simulation: Ensemble, folder: Path) -> Examples:
        if not (folder / "kept.bin").exists():
            (folder / "kept.bin").write_bytes(bytes(int(self.megabytes * 1e6)))
        return Few().examples(simulation)

class Wide(Model):
    """A layer with as many weights as wanted."""
    name: ClassVar[str] = "wide"
    units: int = 10
    def build(self, examples):
        import keras
        x = keras.Input(examples.x.shape, name="x")
        model = keras.Model(x, keras.layers.Dense(1, name="y")(keras.layers.Dense(self.units, name="wide")(x)))
        model.compile(keras.optimizers.SGD(1e-6), "mse")
        return model

class Bytes(Analysis):
    """A file of a given size."""
    name: ClassVar[str] = "bytes"
    megabytes: float = 0.1
    def analyse(self, simulation: Ensemble) -> Findings:
        return Findings(files={"a.bin": bytes(int(self.megabytes * 1e6))})

@hookimpl
def labrun_simulators(): return [Big]
@hookimpl
def labrun_datasets(): return [Few, Kept]
@hookimpl
def labrun_models(): return [Wide]
@hookimpl
def labrun_analyses(): return [Bytes]
'''

PROJECT = """
project: full
plugins: [plugin.py]
simulations:
  waves: {use: big, sweep: {grid: {megabytes: [1]}, repeats: 6}}
datasets:
  waves: {use: few, from: waves}
  kept: {use: kept, from: waves}
models:
  wide: {use: wide, fit: {train: waves, epochs: 2}}
analyses:
  bytes: {use: bytes, from: waves}
"""


@pytest.fixture
def project(write_project, tmp_path) -> Path:
    (tmp_path / "plugin.py").write_text(PLUGIN)
    return write_project(PROJECT)


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    """A disk of 16 MB, as `runs`."""
    folder = tmp_path / "runs"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk can be mounted by root only: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)  # a file of the last run may still be open


def fill(disk: Path, leave: float) -> Path:
    """Leave so many megabytes free."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    path = disk / "somebody's.dat"
    path.write_bytes(bytes(max(0, int(free - leave * 1e6))))
    return path


def outcomes(disk: Path) -> dict[str, str]:
    return {
        name: stage["outcome"] for name, stage in json.loads((disk / "full" / "run.json").read_text())["stages"].items()
    }


NO_SPACE = "no space is left on the disk that holds runs/.store. What was finished is kept: make room, and run the same command again"


def test_disk_fills_up_while_members_are_simulated(project, labrun, disk):
    filler = fill(disk, 8)
    done = labrun("run", project, "--workers", 1)
    assert done.code == 1
    assert f"simulations.waves: failed: {NO_SPACE}" in done.out
    assert outcomes(disk)["simulations.waves"] == "failed"
    kept = sorted((disk / ".store" / "simulations").rglob("*.h5"))
    assert 1 <= len(kept) < 6
    times = [path.stat().st_mtime_ns for path in kept]
    assert not [path for path in disk.rglob("*.tmp") if path.is_file()]
    filler.unlink()
    again = labrun("run", project, "--workers", 1, "--only", "simulations.waves")
    assert again.code == 0
    assert f"big, 6 members ({len(kept)} done before)" in again.out
    assert [path.stat().st_mtime_ns for path in kept] == times


def test_disk_fills_up_while_a_model_is_trained(project, labrun, disk):
    assert labrun("run", project, "--workers", 1, "--only", "datasets.waves").code == 0
    words = ("run", project, "--workers", 1, "--set", "models.wide.with.units=200000", "--only", "models.wide")
    filler = fill(disk, 1)
    done = labrun(*words)
    assert done.code == 1
    assert f"models.wide: failed: {NO_SPACE}" in done.out
    assert outcomes(disk) == {"simulations.waves": "reused", "datasets.waves": "reused", "models.wide": "failed"}
    filler.unlink()
    filler = fill(disk, 9)  # enough for checkpoints, too little for the result beside them
    done = labrun(*words)
    assert done.code == 1
    assert f"models.wide: failed: {NO_SPACE}" in done.out
    events = [json.loads(line) for line in (disk / "full" / "events.jsonl").read_text().splitlines()]
    epochs = max(e["done"] for e in events if e["event"] == "StageProgressed" and e["stage"] == "models.wide")
    filler.unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    again = labrun(*words)
    assert again.code == 0
    assert f"models.wide: wide, 2 epochs ({epochs} done before)" in again.out


def test_disk_fills_up_while_findings_are_written(project, labrun, disk):
    words = ("run", project, "--workers", 1, "--only", "analyses.bytes")
    assert labrun("run", project, "--workers", 1, "--only", "simulations.waves").code == 0
    filler = fill(disk, 1)
    done = labrun(*words, "--set", "analyses.bytes.with.megabytes=3")
    assert done.code == 1
    assert f"analyses.bytes: failed: {NO_SPACE}" in done.out
    assert outcomes(disk)["simulations.waves"] == "reused"
    filler.unlink()
    assert labrun(*words, "--set", "analyses.bytes.with.megabytes=3").code == 0


def test_disk_fills_up_while_a_dataset_fills_its_folder(project, labrun, disk):
    words = ("run", project, "--workers", 1, "--only", "datasets.kept", "--set", "datasets.kept.with.megabytes=3")
    assert labrun("run", project, "--workers", 1, "--only", "simulations.waves").code == 0
    filler = fill(disk, 1)
    done = labrun(*words)
    assert done.code == 1
    assert f"datasets.kept: failed: {NO_SPACE}" in done.out
    assert not list((disk / ".store" / "datasets").iterdir())
    filler.unlink()
    again = labrun(*words)
    assert again.code == 0
    assert "simulations.waves: reused" in again.out
    assert labrun("verify").code == 0


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def labrun_without_room(monkeypatch, labrun) -> Callable[..., object]:
    """Run the command line while one function finds the disk full."""

    def run(where: str, *words: object) -> object:
        with monkeypatch.context() as patch:
            patch.setattr(where, full)
            return labrun(*words)

    return run


def test_report_that_finds_no_room(project, labrun, labrun_without_room):
    words = ("run", project, "--workers", 1, "--only", "simulations.waves")
    done = labrun_without_room("labrun.report.page.environment", *words)
    assert done.code == 1
    assert "cannot write the report runs/full/report.html: no space is left on the disk" in done.err
    assert "make room, and run the same command again" in done.err
    again = labrun(*words)
    assert again.code == 0
    assert "simulations.waves: reused" in again.out
    assert Path("runs/full/report.html").exists()


def test_record_that_finds_no_room(project, labrun, labrun_without_room):
    words = ("run", project, "--workers", 1, "--only", "simulations.waves")
    done = labrun_without_room("labrun.records.run_folder.write_json", *words)
    assert done.code == 1
    assert (
        "cannot write the record of the run to runs/full: No space left on device. What was finished is kept"
        in done.err
    )
    assert labrun(*words).code == 0


def test_manifest_that_finds_no_room(project, labrun, labrun_without_room):
    words = ("run", project, "--workers", 1, "--only", "simulations.waves")
    done = labrun_without_room("labrun.store.store.write_json", *words)
    assert done.code == 1
    assert f"simulations.waves: failed: {NO_SPACE}" in done.out
    assert "big, 6 members (6 done before)" in labrun(*words).out


def test_result_that_finds_no_room_in_the_folder_of_the_run(project, labrun, labrun_without_room):
    """Where there are no hard links, it is copied."""
    words = ("run", project, "--workers", 1, "--only", "simulations.waves")
    done = labrun_without_room("labrun.files.guarded.GuardedPath.link_to", *words)
    assert done.code == 1
    assert f"simulations.waves: failed: {NO_SPACE}" in done.out
    assert not list(Path("runs").rglob("*.tmp"))
    again = labrun(*words)
    assert again.code == 0
    assert "simulations.waves: reused" in again.out
    assert len(list(Path("runs/full/simulations/waves/parts").glob("*.h5"))) == 6


def test_log_of_events_that_finds_no_room(project, labrun, labrun_without_room):
    words = ("run", project, "--workers", 1, "--only", "simulations.waves")
    done = labrun_without_room("labrun.engine.eventlog.EventLog._write", *words)
    assert done.code == 1
    assert "no space is left on the disk for 'events.jsonl'" in done.err
    assert "simulations.waves: done" in done.out
    assert labrun(*words).code == 0


def test_simulator_that_finds_no_room_is_not_to_blame(project, labrun):
    """A full disk is no failure of the member whose simulator met it, even behind another error."""
    text = Path("plugin.py").read_text()
    fault = 'raise RuntimeError("cannot write: [Errno 28] No space left on device")'
    Path("plugin.py").write_text(text.replace("return {", f"{fault}\n        return {{", 1))
    done = labrun("run", project, "--workers", 1, "--only", "simulations.waves")
    assert done.code == 1
    assert f"simulations.waves: failed: {NO_SPACE}" in done.out
    assert "members failed" not in done.out

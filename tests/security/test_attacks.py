"""A folder of runs from somebody else, in which one thing is a link, a pipe, a device, a socket or a manifest that lies.

Every command × kind × place is one case: nothing outside is changed or reported, and each command ends with a message or its usual output.
The default run takes each kind at each place with three of the commands in turn; `-m slow` takes all.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import labrun
from labrun.cli import main
from labrun.faults import LabrunError
from labrun.files.digests import with_digest

HERE = Path(__file__).parents[1]
SECRET = "TOP-SECRET-1234"
PROJECT = """\
project: waves
plugins: [lab.py]
simulations: {train: {use: wave, with: {points: 5}, sweep: {table: waves.csv, labels: [class]}}}
datasets: {waves: {use: lines, from: train, with: {y: class}}}
models: {net: {use: line, fit: {train: waves, epochs: 1}}}
analyses: {spread: {use: spread, from: train}, losses: {use: losses, from: {models: [net]}}}
"""
TABLE = "class,amplitude\nlow,0.5\nlow,1.0\nhigh,8.0\n"
OLD = 1_500_000_000


# -- what is attacked ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def honest(tmp_path_factory) -> Path:
    """A project that has been run, with a checkpoint left over."""
    folder = tmp_path_factory.mktemp("honest")
    shutil.copy(HERE / "lab.py", folder)
    (folder / "waves.csv").write_text(TABLE)
    (folder / "project.yaml").write_text(PROJECT)
    np.save(folder / "x.npy", np.ones((3, 5), np.float32))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        labrun.run("project.yaml", workers=1, quiet=True)
    checkpoints = folder / "runs/.store/checkpoints" / ("a" * 64)
    checkpoints.mkdir(parents=True)
    (checkpoints / "checkpoint.npz").write_bytes(b"state")
    return folder


@pytest.fixture
def runs(honest, tmp_path, monkeypatch) -> Path:
    """A copy of it, as it is unpacked from an archive: old, and owned by whoever unpacks it."""
    shutil.copytree(honest, tmp_path / "downloads")
    for path in (tmp_path / "downloads").rglob("*"):
        os.utime(path, (OLD, OLD))
    monkeypatch.chdir(tmp_path / "downloads")
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "downloads/runs"


@pytest.fixture
def elsewhere(tmp_path) -> Path:
    """A folder of the victim: a private file, and a folder."""
    folder = tmp_path / "elsewhere"
    (folder / "thesis").mkdir(parents=True)
    (folder / "private.txt").write_text(f"epoch,loss\n1,0.5\n{SECRET}\n")
    (folder / "thesis/thesis.tex").write_text(SECRET)
    for path in (folder / "thesis/thesis.tex", folder / "thesis", folder / "private.txt", folder):
        os.utime(path, (OLD, OLD))
    return folder


def one(folder: Path, pattern: str) -> Path:
    return next(path for path in sorted(folder.glob(pattern)) if not path.is_symlink())


PLACES: dict[str, Callable[[Path], Path]] = {
    "store": lambda runs: runs / ".store",
    "section": lambda runs: runs / ".store/models",
    "result": lambda runs: one(runs, ".store/analyses/*"),
    "parts": lambda runs: one(runs, ".store/simulations/*/parts"),
    "part": lambda runs: one(runs, ".store/simulations/*/parts/000001.h5"),
    "manifest": lambda runs: one(runs, ".store/analyses/*/manifest.json"),
    "checkpoints": lambda runs: runs / ".store/checkpoints",
    "checkpoint": lambda runs: one(runs, ".store/checkpoints/*/checkpoint.npz"),
    "run": lambda runs: runs / "waves",
    "stage": lambda runs: runs / "waves/analyses/spread",
    "record": lambda runs: runs / "waves/run.json",
    "history": lambda runs: runs / "waves/models/net/history.csv",
    "weights": lambda runs: runs / "waves/models/net/model.weights.h5",
    "report": lambda runs: runs / "waves/report.html",
    "project": lambda runs: runs / "waves/project.yaml",
    "sources": lambda runs: runs / "waves/sources",
    "mark": lambda runs: runs / "waves/analyses/spread/.key",
    "tag": lambda runs: runs / ".store/labrun-store.tag",
}


def take_away(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def to_file(path: Path, elsewhere: Path) -> None:
    take_away(path)
    path.symlink_to(elsewhere / "private.txt")


def to_folder(path: Path, elsewhere: Path) -> None:
    """The folder has all that is looked for, but for the mark of a store, so that whoever follows the link finds it in order."""
    if path.is_dir():
        shutil.copytree(path, elsewhere / "thesis", dirs_exist_ok=True, symlinks=True)
        (elsewhere / "thesis/labrun-store.tag").unlink(missing_ok=True)
        for inner in [*(elsewhere / "thesis").rglob("*"), elsewhere / "thesis"]:
            os.utime(inner, (OLD, OLD))
    take_away(path)
    path.symlink_to(elsewhere / "thesis")


def dangling(path: Path, elsewhere: Path) -> None:
    take_away(path)
    path.symlink_to(elsewhere / "new")


def loop(path: Path, elsewhere: Path) -> None:
    take_away(path)
    path.symlink_to(path.name)


def pipe(path: Path, elsewhere: Path) -> None:
    take_away(path)
    os.mkfifo(path)


def device(path: Path, elsewhere: Path) -> None:
    take_away(path)
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))  # zeros without end
    except PermissionError:
        pytest.skip("only root makes devices")


def endpoint(path: Path, elsewhere: Path) -> None:
    take_away(path)
    with pytest.MonkeyPatch.context() as patch, socket.socket(socket.AF_UNIX) as server:
        patch.chdir(path.parent)  # its name must be short
        server.bind(path.name)


def _change_manifest(path: Path, change: Callable[[dict], object]) -> None:
    folder = path if path.is_dir() else path.parent
    manifest = folder / "manifest.json"
    record = json.loads(manifest.read_text())
    record.pop("digest")
    change(record)
    manifest.unlink()
    manifest.write_text(json.dumps(with_digest(record)))


def names_above(path: Path, elsewhere: Path) -> None:
    above = "../" * 20 + str(elsewhere / "private.txt").lstrip("/")
    seal = {"size": (elsewhere / "private.txt").stat().st_size, "mtime_ns": 1, "sha256": "0" * 64}
    _change_manifest(path, lambda record: record["files"].update({above: seal}))


def foreign_manifest(path: Path, elsewhere: Path) -> None:
    _change_manifest(path, lambda record: record.update(key="f" * 64, section="models", stage="models.other"))


def newer_manifest(path: Path, elsewhere: Path) -> None:
    _change_manifest(path, lambda record: record.update(compression="zstd"))


KINDS = (to_file, to_folder, dangling, loop, pipe, device, endpoint)
MANIFESTS = (names_above, foreign_manifest, newer_manifest)
ATTACKS = [(kind, place) for place in PLACES for kind in KINDS] + [
    (kind, place) for place in ("manifest", "stage") for kind in MANIFESTS
]
COMMANDS: dict[str, tuple[str, ...]] = {
    "verify": ("verify",),
    "gc": ("gc", "--delete"),
    "run": ("run", "project.yaml", "--workers", "1"),
    "status": ("status", "project.yaml"),
    "export": ("export", "runs/waves", "--ro-crate", "crate"),
    "compare": ("compare", "runs/waves", "runs/waves"),
    "predict": ("predict", "runs/waves/models/net", "x.npy", "--plugin", "lab.py"),
    "open_run": (),
    "runs": ("runs",),
    "open": ("open", "waves"),
    "rm": ("rm", "waves", "--yes"),
}
LONGEST = 10.0
"""Seconds of work that a case may take. A command that hangs works no longer, and is ended by pytest."""


# -- the attacks ---------------------------------------------------------------------------------------------------------------


def everything(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Kind, permissions, time and content of all that lies in a folder."""
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        status = path.lstat()
        found[str(path)] = status.st_mode, status.st_mtime_ns, path.read_bytes() if path.is_file() else b""
    return found


def files_below(folder: Path) -> Iterator[Path]:
    """Regular files, behind no link."""
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names if stat.S_ISREG(Path(place, name).lstat().st_mode))


def attack(command: str, runs: Path, elsewhere: Path) -> str:
    """Carry out a command as a person does; what it says."""
    if command == "open_run":
        try:
            run = labrun.open_run(runs / "waves")
            return f"{run!r} {[run[name] for name in ('spread', 'train', 'net')]}"
        except LabrunError as error:
            return str(error)
    result = CliRunner().invoke(main, COMMANDS[command], catch_exceptions=False)
    assert result.exit_code in (0, 1, 2)
    return result.output


@pytest.fixture
def expect_harmless(runs, elsewhere, monkeypatch) -> Callable[..., None]:
    def expect(kind: Callable[[Path, Path], None], place: str, *commands: str) -> None:
        opened: list[str] = []
        monkeypatch.setattr("click.launch", opened.append)
        kind(PLACES[place](runs), elsewhere)
        before = everything(elsewhere)
        for command in commands:
            begun = time.process_time()
            said = attack(command, runs, elsewhere)
            assert time.process_time() - begun < LONGEST, command
            assert said.strip(), command
            assert SECRET not in said, command
            assert "Traceback" not in said, said
            assert everything(elsewhere) == before, command
            assert not [path for path in files_below(runs.parent) if SECRET.encode() in path.read_bytes()], command
            assert all(stat.S_ISREG(Path(path).lstat().st_mode) for path in opened), command

    return expect


def named(attacks: list) -> list[str]:
    return [f"{kind.__name__}-{place}" for kind, place in attacks]


def in_turn(number: int) -> list[str]:
    """Three commands, others for each attack, in the order of `COMMANDS`: the last removes the run."""
    return sorted({[*COMMANDS][(number + step) % len(COMMANDS)] for step in (0, 4, 9)}, key=[*COMMANDS].index)


SAMPLE = [(in_turn(i), *ATTACKS[i]) for i in range(len(ATTACKS))]


@pytest.mark.parametrize(("commands", "kind", "place"), SAMPLE, ids=named(ATTACKS))
def test_some_commands_on_every_attack(expect_harmless, commands, kind, place):
    expect_harmless(kind, place, *commands)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("kind", "place"), ATTACKS, ids=named(ATTACKS))
def test_every_command_on_every_attack(expect_harmless, command, kind, place):
    expect_harmless(kind, place, command)

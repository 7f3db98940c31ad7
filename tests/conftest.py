"""What tests share: a small project in a folder of its own, and the command line as a person uses it.

`lab.py` beside this file holds the plugins of these projects. A test of a message reads

    def test_…(write_project, labrun):
        path = write_project(WAVES.replace("points", "point"))
        outcome = labrun("check", path)
        assert (outcome.code, outcome.err) == (2, "…")
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
import pytest
from click.testing import CliRunner
from tests.waiting import HANG

if TYPE_CHECKING:
    from labrun import ExampleSpec, Model

HERE = Path(__file__).parent

os.environ.update(
    TF_NUM_INTRAOP_THREADS="2", NPROC="2"
)  # as trainings do, for tests that start the backend by themselves

WAVES = """\
project: waves
seed: 3
plugins: [lab.py]

simulations:
  train:
    use: wave
    with: {points: 6}
    sweep: {table: waves.csv, labels: [class]}

datasets:
  waves:
    use: lines
    from: train
    with: {y: class}
    split: {fractions: {train: 0.5, test: 0.5}}

models:
  net:
    use: line
    fit: {train: waves.train, validation: waves.test, epochs: 2}

analyses:
  spread: {use: spread, from: train}
  losses: {use: losses, from: {models: [net], dataset: waves.test}}
"""
"""A project with a stage of each kind; its table is `WAVES_CSV`."""

WAVES_CSV = """\
class,amplitude
low,0.5
low,1.0
low,1.5
high,7.0
high,8.0
high,9.5
"""


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit code and what it wrote to standard output and standard error."""

    code: int
    out: str
    err: str


@pytest.fixture
def waves() -> str:
    """The text of a project with a stage of each kind."""
    return WAVES


@pytest.fixture
def write_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a project (`project.yaml` unless named) beside its plugins and its table, and go to its folder.

    Returns the path as a person types it, relative to that folder.
    """
    monkeypatch.chdir(tmp_path)
    shutil.copy(HERE / "lab.py", tmp_path)
    (tmp_path / "waves.csv").write_text(WAVES_CSV, encoding="utf-8")

    def write(text: str = WAVES, name: str = "project.yaml") -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return Path(name)

    return write


@pytest.fixture
def labrun(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Run the command line within this process: `labrun("check", path)`. An exception that escapes fails the test."""
    from labrun.cli import main

    monkeypatch.setenv("COLUMNS", "200")

    def invoke(*words: object) -> Outcome:
        result = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return invoke


@pytest.fixture
def labrun_process(tmp_path: Path) -> Callable[..., Outcome]:
    """Run the command line in a process of its own, in the test's folder: slower, but nothing is imported yet.

    `python=` gives options of the interpreter, such as `["-X", "importtime"]`; further keywords set the environment.
    """

    def invoke(*words: object, python: tuple[str, ...] = (), **environment: str) -> Outcome:
        command = [sys.executable, *python, "-m", "labrun", *(str(word) for word in words)]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=os.environ | {"COLUMNS": "200"} | environment,
            capture_output=True,
            text=True,
            timeout=HANG,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return invoke


@pytest.fixture
def write_model(tmp_path: Path) -> Callable[..., Path]:
    """Write a network with random weights as a run writes a trained one: `write_model(plugin, spec, "net")` is its folder."""

    def write(plugin: Model, spec: ExampleSpec, name: str = "net", inputs: dict[str, Any] | None = None) -> Path:
        from labrun.contracts.backend import load_keras
        from labrun.learning.pretrained import write_card

        load_keras().utils.set_random_seed(5)
        folder = tmp_path / name
        folder.mkdir()
        plugin.build(spec).save_weights(folder / "model.weights.h5")
        write_card(folder, plugin, inputs or {})
        (folder / "examples.json").write_text(json.dumps(spec.record()), encoding="utf-8")
        (folder / "history.csv").write_text("epoch,loss\n1,0.5\n", encoding="utf-8")
        return folder

    return write


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine remembers of earlier runs, such as their times, changes no test. Matplotlib keeps its list of fonts."""
    monkeypatch.setenv("MPLCONFIGDIR", os.environ.get("MPLCONFIGDIR") or matplotlib.get_cachedir())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path.with_name(f"{tmp_path.name}-cache")))


@pytest.fixture(autouse=True)
def keras_seed() -> None:
    """Networks start with the same weights in every run of a test, whichever tests ran before."""
    if keras := sys.modules.get("keras"):
        keras.utils.set_random_seed(7)


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator that gives the same numbers in every run of a test."""
    return np.random.default_rng(20240607)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A browser; one for all tests of a process, since Playwright takes no second one."""
    pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install playwright")
    from benchmarks.report_page import BROWSERS, find_browser, open_browser

    path = find_browser()
    if path is None:
        pytest.skip(f"there is no browser; {', '.join(BROWSERS)} were looked for")
    with open_browser(path) as found:
        yield found

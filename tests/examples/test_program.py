"""The example of programs as simulators: both compile, and their projects simulate what physics says."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from labrun import open_run

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/program"

SMALL = """\
extends: NAME.yaml
simulations: {STAGE: {sweep: SWEEP}}
"""


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Copy the example, compile a program, and go there."""

    def build(program, compiler):
        if shutil.which(compiler) is None:
            pytest.skip(f"there is no {compiler}")
        shutil.copytree(EXAMPLE, tmp_path / "example", ignore=shutil.ignore_patterns("runs", "ising", "double_well"))
        monkeypatch.chdir(tmp_path / "example")
        subprocess.run(["make", program], check=True, capture_output=True)
        return tmp_path / "example"

    return build


def simulated(labrun, name, project, stage, sweep):
    Path("small.yaml").write_text(SMALL.replace("NAME", name).replace("STAGE", stage).replace("SWEEP", sweep))
    done = labrun("run", "small.yaml", "--only", f"simulations.{stage}", "--workers", "2")
    assert done.code == 0, done.out + done.err
    return open_run(f"runs/{project}")[f"simulations.{stage}"]


def test_the_ising_model_in_c(build, labrun):
    build("ising", "gcc")
    magnets = simulated(labrun, "ising", "ising_program", "magnets", "{grid: {temperature: [1.6, 100]}, repeats: 4}")
    assert magnets.shape(0, "spins") == (32, 32)
    assert set(np.unique(magnets.read(0, "spins"))) == {-1, 1}
    bonds = [
        np.mean(s * np.roll(s, 1, 0) + s * np.roll(s, 1, 1))
        for s in (magnets.read(i, "spins").astype(int) for i in range(8))
    ]
    assert np.mean(bonds[:4]) > 1.5  # ordered below T_c = 2.269, perhaps in two domains
    assert abs(np.mean(bonds[4:])) < 0.1  # e = -2 tanh(J/T), nearly 0
    again = [magnets.read(i, "spins") for i in (0, 1)]
    assert (again[0] != again[1]).any()  # members draw their own random numbers


def test_the_double_well_in_fortran(build, labrun):
    build("double_well", "gfortran")
    paths = simulated(labrun, "double_well", "double_well", "paths", "{grid: {noise: [0.0, 0.4]}, repeats: 2}")
    assert paths.shape(0, "x") == (512,)
    assert np.allclose(paths.read(0, "x"), 1)  # without noise it rests in its well
    assert 0.3 < np.std(paths.read(2, "x")) < 1.5


def test_ten_lines_beyond_the_sweep():
    for name in ("ising", "double_well"):
        lines = (EXAMPLE / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
        start = next(i for i, line in enumerate(lines) if line.lstrip().startswith("sweep:"))
        assert len(lines[start + 1 :]) <= 10

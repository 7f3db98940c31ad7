"""Where Numba keeps its kernels: nothing changes where it finds a place, and it gets one where it finds none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest

from labrun.files.kernel_cache import provide_kernel_cache

NOWHERE = "/dev/null"
"""A home in which not even root can make a folder"""
PLUGIN = Path(__file__).parents[4] / "plugins/simulators/labrun_persistent_exclusion"


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """No cache is set, and temporary files lie in the test's folder."""
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setitem(sys.modules, "numba", types.SimpleNamespace(config=types.SimpleNamespace(CACHE_DIR="")))


@pytest.fixture
def ours(tmp_path) -> Path:
    return tmp_path / f"labrun-kernels-{os.getuid()}"


@pytest.mark.parametrize("variable", ["HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR"])
def test_a_place_that_can_be_written_is_kept(monkeypatch, tmp_path, ours, variable):
    monkeypatch.setenv("HOME", NOWHERE)
    monkeypatch.setenv(variable, str(tmp_path / "not" / "yet"))
    before = dict(os.environ)
    provide_kernel_cache()
    assert dict(os.environ) == before
    assert not ours.exists()
    assert not (tmp_path / "not").exists()


@pytest.mark.parametrize("home", [NOWHERE, "~"])
def test_without_a_home_numba_gets_a_folder_of_ours(monkeypatch, ours, home):
    monkeypatch.setenv("HOME", home)
    monkeypatch.setenv("NUMBA_CACHE_DIR", f"{NOWHERE}/numba")
    provide_kernel_cache()
    assert os.environ["NUMBA_CACHE_DIR"] == str(ours) == sys.modules["numba"].config.CACHE_DIR
    assert ours.stat().st_mode & 0o777 == 0o700
    provide_kernel_cache()
    assert os.environ["NUMBA_CACHE_DIR"] == str(ours)  # later runs find what earlier ones have compiled


@pytest.mark.parametrize("trap", ["link", "open", "file"])
def test_a_folder_that_others_may_fill_is_not_trusted(monkeypatch, tmp_path, ours, trap):
    """Compiled kernels are code."""
    monkeypatch.setenv("HOME", NOWHERE)
    match trap:
        case "link":
            (tmp_path / "theirs").mkdir(mode=0o700)
            ours.symlink_to(tmp_path / "theirs")
        case "open":
            ours.mkdir()
            ours.chmod(0o777)
        case "file":
            ours.touch()
    provide_kernel_cache()
    chosen = Path(os.environ["NUMBA_CACHE_DIR"])
    assert chosen.parent == tmp_path
    assert chosen not in (ours, tmp_path / "theirs")
    assert chosen.stat().st_mode & 0o777 == 0o700


def test_kernels_compile_on_an_installation_that_cannot_be_written(tmp_path, ours):
    """A copy of a simulator in which Numba cannot make its folder, seen by a user without a home."""
    shutil.copytree(PLUGIN, tmp_path / "site" / PLUGIN.name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "site" / PLUGIN.name / "__pycache__").touch()  # root may write anywhere, but not in a file
    program = (
        "import numpy as np, labrun_persistent_exclusion as plugin\n"
        "made = plugin.PersistentExclusion(size=8, density=0.2, tumbling_rate=0.1, warm_up=1, snapshots=2)\n"
        "print(plugin.__file__, made.simulate(np.random.default_rng(1))['snapshots'].shape)"
    )
    place = {"HOME": NOWHERE, "TMPDIR": str(tmp_path), "PYTHONPATH": str(tmp_path / "site")}
    environment = {**os.environ, **place, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split(" ", 1) == [str(tmp_path / "site" / PLUGIN.name / "__init__.py"), "(2, 8, 8)\n"]
    assert list(ours.rglob("*.nbc"))

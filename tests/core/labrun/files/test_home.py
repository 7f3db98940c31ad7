"""Users without an account or a home, as in containers and on clusters."""

from __future__ import annotations

import pwd
from pathlib import Path

import pytest

from labrun.contracts.backend import keras_backend
from labrun.files.cache import read_cached, write_cached
from labrun.files.home import home_folder

PROJECT = """\
project: rays
simulations: {s: {use: point_clouds, with: {samples: 5}, sweep: {table: points.csv}}}
"""


@pytest.fixture
def homeless(monkeypatch):
    """Neither `$HOME` nor the list of accounts names a home."""
    for name in ("HOME", "XDG_CACHE_HOME", "KERAS_HOME", "KERAS_BACKEND"):
        monkeypatch.delenv(name, raising=False)

    def unknown(user: int) -> None:
        raise KeyError(user)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(RuntimeError):
        Path.home()


def test_nothing_needs_a_home(homeless):
    assert home_folder() is None
    write_cached("digests", "name", {"a": 1})
    assert read_cached("digests", "name") == {}
    assert keras_backend() == "tensorflow"


def test_a_project_is_checked_and_planned(homeless, labrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("points.csv").write_text("margin\n0.1\n")
    Path("p.yaml").write_text(PROJECT)
    for command in ("check", "status", "plan"):
        outcome = labrun(command, "p.yaml")
        assert outcome.code == 0, outcome


def test_a_home_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home_folder() == tmp_path

"""The folder of runs, as it is and when things go wrong."""

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from labrun.doctor.storage import check_storage

ELSEWHERE = "choose another folder with --runs DIR or LABRUN_RUNS"


def told(runs):
    return {check.name: check for check in check_storage(runs)}


def test_sound(tmp_path):
    found = told(tmp_path / "not" / "yet")
    assert [(name, check.state) for name, check in found.items()] == [
        ("disk", "ok"),
        ("runs", "ok"),
        ("file system", "ok"),
        ("HDF5", "ok"),
    ]
    assert list(tmp_path.iterdir()) == []  # nothing is left behind


def test_little_room(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=5e8))
    check = told(tmp_path)["disk"]
    assert (check.state, check.advice) == ("warn", f"free some space, or {ELSEWHERE}")
    assert check.found == f"500.0 MB free for {tmp_path}"


def test_no_writing(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryDirectory", refuse)
    check = told(tmp_path)["runs"]
    assert (check.state, check.found, check.advice) == (
        "fail",
        f"{tmp_path} cannot be written: Permission denied",
        ELSEWHERE,
    )


def test_no_hard_links(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    check = told(tmp_path)["file system"]
    assert check.state == "warn"
    assert check.found == "no hard links: results are copied into each run's folder and take twice the space"


def test_no_renaming(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(Path, "replace", refuse)
    check = told(tmp_path)["file system"]
    assert (check.state, check.advice) == ("fail", ELSEWHERE)
    assert check.found == "files cannot be renamed or synced: Invalid cross-device link"


def test_no_locking(tmp_path, monkeypatch):
    h5py = pytest.importorskip("h5py")

    def refuse(*_, **__):
        raise BlockingIOError(errno.EAGAIN, "unable to lock file")

    monkeypatch.setattr(h5py, "File", refuse)
    check = told(tmp_path)["HDF5"]
    assert (check.state, check.advice) == ("fail", ELSEWHERE)

"""A worker sees the store if it reads what the driver wrote there, and can write beside it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from labrun.files.guarded import GuardedPath
from labrun.files.temporary import is_temporary
from labrun.workers.store_probe import StoreProbe


@pytest.fixture
def probe(tmp_path) -> StoreProbe:
    one = StoreProbe.of(tmp_path / "store")
    one.write()
    return one


def test_who_sees_the_store(probe):
    assert probe.is_seen()
    assert probe.path.parent.entries() == [probe.path]
    assert is_temporary(probe.path.name)  # so that nobody takes it for a result
    probe.remove()
    assert not probe.is_seen()
    probe.remove()  # twice is no fault


def test_a_store_of_the_same_name_is_another(probe):
    assert not replace(probe, token="another").is_seen()
    probe.path.path.write_bytes(b"\xff\xfe")
    assert not probe.is_seen()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_store_that_cannot_be_written_is_not_seen(probe):
    probe.path.parent.path.chmod(0o555)
    assert not probe.is_seen()
    probe.path.parent.path.chmod(0o755)


def test_a_store_that_cannot_be_written_is_not_seen_either(probe, monkeypatch):
    monkeypatch.setattr(GuardedPath, "remove", lambda self: (_ for _ in ()).throw(PermissionError()))
    assert not probe.is_seen()


def test_the_path_means_the_same_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    probe = StoreProbe.of(Path("store"))
    assert probe.path.path.is_absolute()
    assert probe.token != StoreProbe.of(Path("store")).token

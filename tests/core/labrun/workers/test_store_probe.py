"""Tokens: a worker sees the store if it reads there what the driver wrote, and can write beside it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from labrun.files.whole import is_temporary
from labrun.workers.store_probe import Token


@pytest.fixture
def token(tmp_path) -> Token:
    one = Token.of(tmp_path / "store")
    one.write()
    return one


def test_who_sees_the_store(token):
    assert token.is_seen()
    assert [*token.path.parent.iterdir()] == [token.path]
    assert is_temporary(token.path)  # so that nobody takes it for a result
    token.remove()
    assert not token.is_seen()
    token.remove()  # twice is no fault


def test_a_store_of_the_same_name_is_another(token):
    assert not replace(token, word="another").is_seen()
    token.path.write_bytes(b"\xff\xfe")
    assert not token.is_seen()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_store_that_cannot_be_written_is_not_seen(token):
    token.path.parent.chmod(0o555)
    assert not token.is_seen()
    token.path.parent.chmod(0o755)


def test_a_store_that_cannot_be_written_is_not_seen_either(token, monkeypatch):
    monkeypatch.setattr(Path, "touch", lambda self: (_ for _ in ()).throw(PermissionError()))
    assert not token.is_seen()


def test_the_path_means_the_same_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    token = Token.of(Path("store"))
    assert token.path.is_absolute()
    assert token.word != Token.of(Path("store")).word

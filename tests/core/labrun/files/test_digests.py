"""Digests that are remembered, and digests that records and files carry along."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from labrun.files import digests
from labrun.files.digests import append_digest, cached_sha256, digest_of, ends_with_digest, matches_digest, with_digest
from labrun.files.guarded import GuardedPath


@pytest.fixture
def file(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "a.bin"
    path.write_bytes(b"content")
    os.utime(path, (1e9, 1e9))
    return path


def test_a_file_is_read_once(file, monkeypatch):
    digest = hashlib.sha256(b"content").hexdigest()
    assert cached_sha256(file) == digest
    monkeypatch.setattr(digests, "sha256_of", lambda _: pytest.fail("it was read again"))
    assert cached_sha256(file) == digest


def test_a_memory_with_a_flipped_bit_is_not_believed(file, tmp_path):
    digest = cached_sha256(file)
    memory = next((tmp_path / "cache").rglob("*.json"))
    wrong = digest.replace(digest[0], "0" if digest[0] != "0" else "1", 1)
    memory.write_text(memory.read_text().replace(digest, wrong))
    assert cached_sha256(file) == digest


def test_a_memory_of_an_older_labrun_is_not_believed(file, tmp_path):
    digest = cached_sha256(file)
    memory = next((tmp_path / "cache").rglob("*.json"))
    record = json.loads(memory.read_text())
    del record["digest"]
    memory.write_text(json.dumps(record | {"sha256": "0"}))
    assert cached_sha256(file) == digest


def test_digest_of_canonical_json():
    assert digest_of({"b": 1, "a": [2]}) == hashlib.sha256(b'{"a":[2],"b":1}').hexdigest()


def test_record_carries_its_digest_through_a_file():
    record = with_digest({"a": (1, 2.5, float("inf")), "path": Path("x"), 3: None})
    read = json.loads(json.dumps(record, indent=2, sort_keys=True))
    assert matches_digest(read)
    assert read["path"] == "x"
    assert not matches_digest(read | {"path": "y"})
    assert not matches_digest(read | {"more": 1})
    assert matches_digest({"written": "by an older labrun"})


def test_every_flipped_bit_of_a_file_shows(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"some content")
    with path.open("r+b") as stream:
        append_digest(stream)
    content = path.read_bytes()
    assert content == b"some content" + hashlib.sha256(b"some content").digest()
    own = GuardedPath(tmp_path) / "a.bin"
    assert ends_with_digest(own)
    for bit in range(8 * len(content)):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        assert not ends_with_digest(own)
    for length in range(len(content)):
        path.write_bytes(content[:length])
        assert not ends_with_digest(own)


def test_no_file_has_no_digest(tmp_path):
    assert not ends_with_digest(GuardedPath(tmp_path) / "nowhere")


def test_the_digest_is_that_of_the_bytes(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b"{}")
    assert digests.sha256_of(path) == hashlib.sha256(b"{}").hexdigest()


def test_a_file_is_the_one_that_its_digest_tells(tmp_path):
    path = tmp_path / "data.h5"
    path.write_bytes(b"snapshots")
    digests.expect_digest(path, hashlib.sha256(b"snapshots").hexdigest())
    with pytest.raises(
        ValueError, match=r"'.*data.h5' is another file than the one asked for: its sha256 is .*, not 00"
    ):
        digests.expect_digest(path, "00")
    with pytest.raises(FileNotFoundError, match=r"there is no file '.*other.h5', seen from /"):
        digests.expect_digest(tmp_path / "other.h5", "00")

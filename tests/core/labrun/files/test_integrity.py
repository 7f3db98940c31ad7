"""Whether files are what was written: cheaply by size and time, in doubt by content."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from labrun.files import digests, integrity
from labrun.files.guarded import GuardedPath
from labrun.files.integrity import CHANGED, Damage, damage_in, in_words, mark_damaged, problem_with, seal_of


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "result" / "a.csv"
    path.parent.mkdir()
    path.write_text("numbers")
    os.utime(path, ns=(1_000_000_000_123_456_789,) * 2)
    return path


def own(path: Path) -> GuardedPath:
    return GuardedPath(path.parent) / path.name


def test_seal_tells_size_time_and_digest(file):
    assert seal_of(own(file)) == {
        "size": 7,
        "mtime_ns": 1_000_000_000_123_456_789,
        "sha256": hashlib.sha256(b"numbers").hexdigest(),
    }


def test_intact_file_is_not_read(file, monkeypatch):
    seal = seal_of(own(file))

    def read(_):
        raise AssertionError("it was read")

    monkeypatch.setattr(integrity, "sha256_of", read)
    monkeypatch.setattr(integrity, "cached_sha256", read)
    assert problem_with(own(file), **seal) == ""


def test_another_time_has_the_file_read_once(file, monkeypatch):
    """As in a copy of a store that does not keep times."""
    seal = seal_of(own(file))
    os.utime(file, ns=(2_000_000_000_000_000_000 // 2,) * 2)
    reads = []
    monkeypatch.setattr(digests, "sha256_of", lambda path: reads.append(path) or seal["sha256"])
    assert problem_with(own(file), **seal) == problem_with(own(file), **seal) == ""
    assert reads == [own(file)]


def test_what_is_wrong(file):
    seal = seal_of(own(file))
    file.write_text("Numbers")
    assert problem_with(own(file), **seal) == "is damaged (its content is not what was written)"
    file.write_text("numb")
    assert problem_with(own(file), **seal) == "is damaged (it has 4 bytes, and 7 were written)"
    file.unlink()
    assert problem_with(own(file), **seal) == "is missing"
    file.mkdir()
    assert problem_with(own(file), **seal) == "is missing"


def test_rot_that_leaves_the_time_alone_is_found_by_a_thorough_look_and_marked(file):
    seal = seal_of(own(file))
    file.write_text("Numbers")
    os.utime(file, ns=(seal["mtime_ns"],) * 2)
    assert problem_with(own(file), **seal) == ""
    assert problem_with(own(file), **seal, thorough=True) == CHANGED
    assert mark_damaged(GuardedPath(file.parent), "a.csv")
    assert problem_with(own(file), **seal) == CHANGED


def test_mark_of_what_is_gone_or_belongs_to_another(file, monkeypatch):
    assert mark_damaged(GuardedPath(file.parent), "gone")

    def refuse(*_, **__):
        raise PermissionError

    monkeypatch.setattr(os, "utime", refuse)
    assert not mark_damaged(GuardedPath(file.parent), "a.csv")


def test_damage_in_a_folder_is_told_by_name(file):
    other = file.with_name("b.csv")
    other.write_text("x")
    seals = {"a.csv": seal_of(own(file)), "b.csv": seal_of(own(other)), "c.csv": seal_of(own(other))}
    file.write_text("Numbers")
    assert damage_in(GuardedPath(file.parent), seals) == [Damage("a.csv", CHANGED), Damage("c.csv", "is missing")]


@pytest.mark.parametrize("name", ["../a.csv", "/etc/passwd", "link", "inner/../a.csv"])
def test_links_and_names_of_other_places_count_as_missing(file, name):
    (file.parent / "link").symlink_to(file)
    assert damage_in(GuardedPath(file.parent), {name: seal_of(own(file))}) == [Damage(name, "is missing")]


def test_seal_without_a_time_is_that_of_an_older_labrun(file):
    seal = seal_of(own(file))
    del seal["mtime_ns"]
    assert damage_in(GuardedPath(file.parent), {"a.csv": seal}) == []


def test_words_for_many_files():
    damage = [Damage(f"{i}.h5", "is missing") for i in range(1012)]
    words = in_words("simulations.a", damage, "it is made again")
    assert words[0] == "simulations.a: 0.h5 is missing: it is made again"
    assert words[10:] == ["simulations.a: the same holds for 1,002 more files: it is made again"]

"""Files that are there whole or not at all."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from labrun.files import atomic
from labrun.files.guarded import GuardedPath
from labrun.files.temporary import is_temporary


def test_file_takes_its_name_once_it_is_whole(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with atomic.write_atomically(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
        assert is_temporary(temporary.name)
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]
    assert path.read_text() == "whole"


def test_what_was_there_stays_when_writing_fails(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    with pytest.raises(RuntimeError, match="half way"), atomic.write_atomically(path) as temporary:  # noqa: PT012 (it fails half way)
        temporary.write_text("aft")
        raise RuntimeError("half way")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_json_is_sorted(tmp_path):
    path = tmp_path / "a.json"
    atomic.write_json(path, {"b": 1, "a": [Path("x")]})
    assert json.loads(path.read_text()) == {"a": ["x"], "b": 1}
    assert path.read_text().index('"a"') < path.read_text().index('"b"')


def test_folders_that_take_one_name_at_once_leave_a_whole_one(tmp_path):
    """Writers in four threads; nobody fails, and nothing of those that were replaced stays."""
    root, target = GuardedPath(tmp_path), tmp_path / "stage"

    def place(number: int) -> None:
        for turn in range(50):
            folder = (root / "placing").temporary()
            folder.make_new_folder()
            for name in "abc":
                (folder.path / name).write_text(f"{number}.{turn}")
            atomic.replace_folder(folder, root / "stage")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(place, range(4)))
    assert [path.name for path in tmp_path.iterdir()] == ["stage"]
    assert len({(target / name).read_text() for name in "abc"}) == 1

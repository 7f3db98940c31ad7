"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from labrun.files import whole as files


def test_file_takes_its_name_once_it_is_whole(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with files.write_atomically(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
        assert files.is_temporary(temporary)
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]
    assert path.read_text() == "whole"


def test_what_was_there_stays_when_writing_fails(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    with pytest.raises(RuntimeError, match="half way"), files.write_atomically(path) as temporary:  # noqa: PT012 (it fails half way)
        temporary.write_text("aft")
        raise RuntimeError("half way")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_json_is_sorted_and_digest_is_that_of_the_bytes(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, {"b": 1, "a": [Path("x")]})
    assert json.loads(path.read_text()) == {"a": ["x"], "b": 1}
    assert path.read_text().index('"a"') < path.read_text().index('"b"')
    assert files.sha256_of(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_room_is_expected_before_writing(tmp_path):
    files.expect_room(tmp_path / "a", 10)
    with pytest.raises(OSError, match="No space left on device") as caught:
        files.expect_room(tmp_path / "a", 2**62)
    assert files.is_out_of_space(caught.value)


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "words"), True),
        (OSError(errno.EDQUOT, "words"), True),
        (RuntimeError("Unable to close (errno = 28, error message = 'No space left on device')"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (ValueError("28"), False),
        (None, False),
    ],
)
def test_full_disk_is_known_by_number_or_by_words(error, full):
    assert files.is_out_of_space(error) is full


def test_full_disk_is_known_behind_another_error():
    error = ValueError("cannot save")
    error.__cause__ = OSError(errno.ENOSPC, "words")
    assert files.is_out_of_space(error)


def test_folders_that_take_one_name_at_once_leave_a_whole_one(tmp_path):
    """Writers in four threads; nobody fails, and nothing of those that were replaced stays."""
    target = tmp_path / "stage"

    def place(number: int) -> None:
        for turn in range(50):
            folder = files.temporary_name(tmp_path / "placing")
            folder.mkdir()
            for name in "abc":
                (folder / name).write_text(f"{number}.{turn}")
            files.replace_folder(folder, target)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(place, range(4)))
    assert [path.name for path in tmp_path.iterdir()] == ["stage"]
    assert len({(target / name).read_text() for name in "abc"}) == 1


def test_a_file_is_the_one_that_its_digest_tells(tmp_path):
    path = tmp_path / "data.h5"
    path.write_bytes(b"snapshots")
    files.expect_digest(path, hashlib.sha256(b"snapshots").hexdigest())
    with pytest.raises(
        ValueError, match=r"'.*data.h5' is another file than the one asked for: its sha256 is .*, not 00"
    ):
        files.expect_digest(path, "00")
    with pytest.raises(FileNotFoundError, match=r"there is no file '.*other.h5', seen from /"):
        files.expect_digest(tmp_path / "other.h5", "00")

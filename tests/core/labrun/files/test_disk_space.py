"""Whether the disk has room, and what says that it has none."""

from __future__ import annotations

import errno

import pytest

from labrun.files import disk_space


def test_room_is_expected_before_writing(tmp_path):
    disk_space.expect_space(tmp_path / "a", 10)
    with pytest.raises(OSError, match="No space left on device") as caught:
        disk_space.expect_space(tmp_path / "a", 2**62)
    assert disk_space.is_out_of_space(caught.value)


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
    assert disk_space.is_out_of_space(error) is full


def test_full_disk_is_known_behind_another_error():
    error = ValueError("cannot save")
    error.__cause__ = OSError(errno.ENOSPC, "words")
    assert disk_space.is_out_of_space(error)

"""Members on disk: parts, each a closed HDF5 file with a receipt."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from labrun.faults import LabrunError
from labrun.files.digests import sha256_of
from labrun.files.integrity import CHANGED, Damage
from labrun.store import parts
from labrun.store.parts import Failure, StoredMembers, cut, examine_part, part_name, read_receipt, write_part


def member(number: int) -> tuple[int, dict[str, np.ndarray]]:
    u = np.full((3, 4, 2), number, np.float32)
    return number, {"u": u, "steps": np.arange(number), "alive": np.ones((40, 30, 5), bool)}


@pytest.mark.parametrize("members", [1, 2, 255, 256, 257, 1000, 10_000, 300_000])
def test_cut_takes_every_member_once_in_order(members):
    found = cut(members)
    assert [m for part in found for m in part] == list(range(members))
    assert max(map(len, found)) <= parts.MEMBERS_AT_MOST
    assert len(found) <= parts.PARTS_AT_MOST or max(map(len, found)) == parts.MEMBERS_AT_MOST


@pytest.mark.parametrize(("members", "skies"), [(81, 3), (60, 30), (7, 1), (5000, 2500)])
def test_cut_keeps_groups_together(members, skies):
    groups = [i % skies for i in range(members)]
    found = cut(members, groups)
    assert sorted(m for part in found for m in part) == list(range(members))
    for group in range(skies):
        assert sum(any(groups[m] == group for m in part) for part in found) == 1


@pytest.mark.parametrize(("members", "pieces"), [(33, [32, 1]), (204, [17] * 12), (64, [32, 32]), (67, [32, 32, 3])])
def test_a_large_group_is_cut_into_pieces(members, pieces):
    found = cut(members, [()] * members)
    assert [m for part in found for m in part] == list(range(members))
    assert [len(part) for part in found] == pieces


def test_members_come_back_as_they_were(tmp_path):
    write_part(tmp_path, 0, [member(0), member(1)])
    write_part(tmp_path, 1, [member(2)])
    stored = StoredMembers(tmp_path, [[0, 1], [2]])
    for number in range(3):
        expected = member(number)[1]
        assert stored.names(number) == sorted(expected)
        for name, array in expected.items():
            read = stored.read(number, name)
            assert read.dtype == array.dtype
            np.testing.assert_array_equal(read, array)
            assert stored.shape(number, name) == array.shape
    np.testing.assert_array_equal(stored.read(2, "u", np.s_[1:, :, -1]), np.full((2, 4), 2))


def test_reading_many_parts_keeps_few_files_open(tmp_path):
    for number in range(80):
        write_part(tmp_path, number, [(number, {"u": np.array([number])})])
    stored = StoredMembers(tmp_path, [[n] for n in range(80)])
    assert [int(stored.read(n, "u")[0]) for n in [*range(80), *range(80)]] == [*range(80), *range(80)]
    assert stored._open.cache_info().currsize <= 64


def test_same_members_make_the_same_bytes(tmp_path, monkeypatch):
    write_part(tmp_path / "a", 0, [member(0), member(1)])
    monkeypatch.setattr("time.time", lambda: 1e9)
    write_part(tmp_path / "b", 0, [member(0), member(1)])
    for name in ("000000.h5", "000000.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_receipt_tells_size_digest_and_failures(tmp_path):
    failure = Failure(1, {"k": 0.5}, "ValueError: no", "Traceback …")
    write_part(tmp_path, 3, [member(0), failure])
    receipt = read_receipt(tmp_path, 3)
    path = tmp_path / part_name(3)
    assert receipt is not None
    assert (receipt.size, receipt.sha256, receipt.failures) == (path.stat().st_size, sha256_of(path), [failure])
    with h5py.File(path) as file:
        assert list(file) == ["0"]


@pytest.mark.parametrize("damage", ["truncate", "lengthen", "no part", "no receipt", "half a receipt"])
def test_part_that_is_not_whole_has_no_receipt(tmp_path, damage):
    write_part(tmp_path, 0, [member(0)])
    path = tmp_path / part_name(0)
    receipt = path.with_suffix(".json")
    match damage:
        case "truncate":
            path.write_bytes(path.read_bytes()[:-1])
        case "lengthen":
            path.write_bytes(path.read_bytes() + b"0")
        case "no part":
            path.unlink()
        case "no receipt":
            receipt.unlink()
        case "half a receipt":
            receipt.write_text(receipt.read_text()[:20])
    assert read_receipt(tmp_path, 0) is None


def flip(path: Path, *, keep_time: bool) -> None:
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    if keep_time:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_part_that_was_not_changed_is_not_read(tmp_path, monkeypatch):
    receipt = write_part(tmp_path, 0, [member(0)])
    monkeypatch.setattr("labrun.files.integrity.cached_sha256", lambda _: pytest.fail("it was read"))
    assert read_receipt(tmp_path, 0) == receipt


def test_changed_content_of_the_same_size_is_found(tmp_path):
    write_part(tmp_path, 0, [member(0)])
    flip(tmp_path / part_name(0), keep_time=False)
    assert examine_part(tmp_path, 0) == (None, [Damage("000000.h5", CHANGED)])


def test_rot_is_found_by_a_thorough_look(tmp_path):
    receipt = write_part(tmp_path, 0, [member(0)])
    flip(tmp_path / part_name(0), keep_time=True)
    assert examine_part(tmp_path, 0) == (receipt, [])
    assert examine_part(tmp_path, 0, thorough=True) == (None, [Damage("000000.h5", CHANGED)])


def test_copy_without_times_is_intact(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    receipt = write_part(tmp_path / "a", 0, [member(0)])
    (tmp_path / "b").mkdir()
    for name, time in (("000000.h5", 10), ("000000.json", 20)):
        (tmp_path / "b" / name).write_bytes((tmp_path / "a" / name).read_bytes())
        os.utime(tmp_path / "b" / name, (time, time))
    assert read_receipt(tmp_path / "b", 0) == receipt


def test_damaged_receipt_is_told(tmp_path):
    write_part(tmp_path, 0, [member(0)])
    path = tmp_path / "000000.json"
    path.write_text(path.read_text().replace("sha256", "sha257"))
    assert examine_part(tmp_path, 0) == (None, [Damage("000000.json", CHANGED)])


def test_part_without_a_receipt_was_not_finished(tmp_path):
    write_part(tmp_path, 0, [member(0)])
    (tmp_path / "000000.json").unlink()
    assert examine_part(tmp_path, 0) == (None, [])


@pytest.mark.parametrize("damage", ["superblock", "root group", "half", "gone", "another member"])
def test_damage_that_is_met_while_reading_names_the_file(tmp_path, damage):
    write_part(tmp_path, 0, [member(0)])
    path = tmp_path / part_name(0)
    content = path.read_bytes()
    match damage:
        case "superblock":
            path.write_bytes(b"\0" * 8 + content[8:])
        case "root group":
            path.write_bytes(content[:96] + b"\xff" * 400 + content[496:])
        case "half":
            path.write_bytes(content[: len(content) // 2])
        case "gone":
            path.unlink()
        case "another member":
            write_part(tmp_path, 0, [member(1)])
    with pytest.raises(LabrunError) as caught:
        StoredMembers(tmp_path, [[0]]).read(0, "u")
    assert str(caught.value).startswith(f"cannot read member 0 in '{path}': ")
    assert str(caught.value).endswith(
        ". If the file is damaged, 'labrun verify' finds it, and the next run makes it again"
    )


def test_unknown_array_is_the_callers_fault(tmp_path):
    write_part(tmp_path, 0, [member(0)])
    with pytest.raises(KeyError):
        StoredMembers(tmp_path, [[0]]).read(0, "v")


def test_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(parts, "expect_space", full)
    with pytest.raises(OSError, match="No space left"):
        write_part(tmp_path, 0, [member(0)])
    assert list(tmp_path.iterdir()) == []


def test_full_disk_for_the_receipt_leaves_a_part_that_is_made_again(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(parts, "write_receipt", full)
        with pytest.raises(OSError, match="No space left"):
            write_part(tmp_path, 0, [member(0)])
    assert examine_part(tmp_path, 0) == (None, [])
    assert write_part(tmp_path, 0, [member(0)]) == read_receipt(tmp_path, 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000000.h5", "000000.json"]


def test_members_that_lie_in_a_folder_are_found_whatever_sweep_they_are_from(tmp_path):
    """Groups part the members out of order, member 4 has failed, and another process is writing a part."""
    write_part(tmp_path, 0, [member(5), member(10), member(0)])
    write_part(tmp_path, 1, [member(2), Failure(4, {}, "ValueError: no", "")])
    write_part(tmp_path, 2, [Failure(7, {}, "ValueError: no", "")])
    (tmp_path / "000003.h5.labrun-77-0123abcd.tmp").write_bytes(b"half")
    stored = StoredMembers.found_in(tmp_path)
    assert stored.numbers == [0, 2, 5, 10]
    for number in stored.numbers:
        np.testing.assert_array_equal(stored.read(number, "u"), member(number)[1]["u"])


def test_a_folder_that_is_not_numbered_without_gaps(tmp_path):
    """A copy of some parts only."""
    for number in (0, 3):
        write_part(tmp_path, number, [member(number)])
    stored = StoredMembers.found_in(tmp_path)
    assert [int(stored.read(n, "u")[0, 0, 0]) for n in stored.numbers] == [0, 3]


def test_no_folder_has_no_members(tmp_path):
    assert StoredMembers.found_in(tmp_path / "nowhere").numbers == []


def test_a_file_that_is_no_part(tmp_path):
    with h5py.File(tmp_path / "000000.h5", "w") as file:
        file["u"] = 1
    with pytest.raises(
        ValueError,
        match=r"000000.h5' is not a part of an ensemble: parts are numbered, and hold members by their numbers",
    ):
        StoredMembers.found_in(tmp_path)


def test_no_lock_is_taken_on_a_file_that_is_written(tmp_path, monkeypatch):
    """Some file systems have no locks (`flock` gives ENOLCK), where HDF5 would refuse to write. Had it one, nobody else could take it."""
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.delenv("HDF5_USE_FILE_LOCKING", raising=False)
    locked = []

    def members():
        yield member(2)
        (path,) = tmp_path.glob("*.tmp")
        with path.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            locked.append(path)
        yield member(3)

    write_part(tmp_path, 0, members())
    assert locked

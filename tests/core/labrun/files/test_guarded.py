"""The guarded door: links below the root are never followed, and nothing but regular files is opened."""

from __future__ import annotations

import errno
import os
import pickle
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from labrun.faults import LabrunError
from labrun.files import guarded
from labrun.files.atomic import read_json
from labrun.files.guarded import GuardedPath, UnsafePath
from labrun.files.temporary import is_temporary, process_of, temporary_name


@pytest.fixture(params=["by descriptors", "by names"])
def root(request, tmp_path, monkeypatch) -> GuardedPath:
    """A folder with a file in a folder; once as on a system that cannot open files relative to a folder."""
    monkeypatch.setattr(guarded, "_RELATIVE", request.param == "by descriptors")
    (tmp_path / "root/inner").mkdir(parents=True)
    (tmp_path / "root/inner/a.txt").write_text("own")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/a.txt").write_text("private")
    return GuardedPath(tmp_path / "root")


@pytest.fixture
def secret(tmp_path) -> Path:
    return tmp_path / "elsewhere/a.txt"


def state(folder: Path) -> dict[str, tuple[int, int, str]]:
    files = {path: path.stat() for path in folder.rglob("*")}
    return {str(path): (one.st_mode, one.st_mtime_ns, path.read_text()) for path, one in files.items()}


def test_a_file_is_read_and_written(root):
    path = root / "inner/a.txt"
    assert (path.text(), path.name, str(path.parent), path.below(root)) == (
        "own",
        "a.txt",
        str(root / "inner"),
        "inner/a.txt",
    )
    assert path.is_regular()
    assert path.is_there()
    assert not path.is_folder()
    assert path.parent.is_folder()
    with (root / "new/b.txt").written() as stream:
        stream.write(b"whole")
        assert not (root / "new/b.txt").is_there()
    assert [one.below(root) for one in root.descend()] == ["inner", "inner/a.txt", "new", "new/b.txt"]
    with path.opened("a", encoding="utf-8") as stream:
        stream.write(" and more")
    assert path.content() == b"own and more"


def test_what_was_there_stays_when_writing_fails(root):
    with pytest.raises(RuntimeError, match="half way"), (root / "inner/a.txt").written() as stream:  # noqa: PT012 (it fails half way)
        stream.write(b"half")
        raise RuntimeError("half way")
    assert [one.below(root) for one in root.descend()] == ["inner", "inner/a.txt"]
    assert (root / "inner/a.txt").text() == "own"


def test_missing_files(root):
    path = root / "nowhere/a.txt"
    assert not path.is_there()
    assert not path.is_regular()
    assert path.parent.entries() == []
    path.remove()
    path.remove_all()
    path.expect_own()
    with pytest.raises(FileNotFoundError) as caught:
        path.content()
    assert caught.value.filename == str(path.parent)


@pytest.mark.parametrize("name", ["../a", "/etc/passwd", "..", ".", "", "a/../b", "a//b", "a/", "a\0b", "a\\b", "./a"])
def test_names_that_lead_elsewhere(root, name):
    with pytest.raises(UnsafePath, match="is not the name of a file in"):
        root / name


OPERATIONS = {
    "status": lambda path: path.status(),
    "content": lambda path: path.content(),
    "append": lambda path: path.opened("ab").__enter__(),
    "overwrite": lambda path: path.opened("wb").__enter__(),
    "written": lambda path: path.written().__enter__(),
    "time": lambda path: path.set_time(0),
    "protect": lambda path: path.protect(),
    "sync": lambda path: path.sync(),
    "remove": lambda path: path.remove(),
    "rename": lambda path: path.rename_to(path.beside("b.txt")),
    "link": lambda path: path.link_to(path.beside("b.txt")),
    "copy": lambda path: path.copy_to(path.beside("b.txt")),
    "folder": lambda path: (path / "x").make_folder(),
    "new folder": lambda path: path.beside("x").make_new_folder(),
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_operation_goes_through_a_linked_folder(root, secret, operation):
    (root.path / "link").symlink_to(secret.parent)
    before = state(secret.parent)
    with pytest.raises(UnsafePath) as caught:
        OPERATIONS[operation](root / "link/a.txt")
    assert str(caught.value) == (
        f"'{root / 'link'}' is a link to '{secret.parent}', but only files and folders of labrun's own belong there: remove it; only the "
        "whole folder of runs may be a link"
    )
    assert state(secret.parent) == before
    assert isinstance(caught.value, LabrunError)


@pytest.mark.parametrize(
    "operation", ["content", "append", "overwrite", "time", "protect", "sync", "link", "copy", "folder"]
)
def test_nor_to_what_a_link_leads_to(root, secret, operation):
    (root.path / "link").symlink_to(secret)
    before = state(secret.parent)
    with pytest.raises(UnsafePath, match="is a link to"):
        OPERATIONS[operation](root / "link")
    assert state(secret.parent) == before
    assert not (root / "b.txt").is_there()


def test_links_themselves_are_replaced_renamed_and_removed(root, secret):
    path = root / "link"
    for operation in ("written", "rename", "remove"):
        path.path.symlink_to(secret)
        if operation == "written":
            with path.written() as stream:
                stream.write(b"own")
            assert path.text() == "own"
        OPERATIONS[operation](path) if operation != "written" else path.remove()
        assert not path.is_there()
    assert secret.read_text() == "private"


def test_loops_and_dangling_links(root):
    (root.path / "loop").symlink_to("loop")
    (root.path / "dangling").symlink_to("/nowhere/at/all")
    for name in ("loop", "dangling"):
        for path in (root / name, root / f"{name}/a.txt"):
            with pytest.raises(UnsafePath, match=f"{name}' is a link to"):
                path.content()
        with pytest.raises(UnsafePath):
            (root / name).entries()
        with pytest.raises(UnsafePath):
            (root / name).expect_own()


def test_pipes_sockets_and_devices_are_not_opened(root, monkeypatch):
    monkeypatch.chdir(root.path)  # the name of a socket must be short
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
    kinds = {"pipe": "a pipe", "socket": "a socket"}
    if os.geteuid() == 0:
        with_device = root.path / "device"
        try:
            os.mknod(with_device, 0o20666, os.makedev(1, 3))
            kinds["device"] = "a device"
        except PermissionError:  # in a container
            pass
    for name, kind in kinds.items():
        for operation in ("content", "append", "overwrite", "time", "protect", "copy", "link"):
            with pytest.raises(
                UnsafePath,
                match=f"{name}' is {kind}, but only files and folders of labrun's own belong there: remove it$",
            ):
                OPERATIONS[operation](root / name)


def test_a_folder_is_not_a_file(root):
    with pytest.raises(UnsafePath, match="inner' is a folder, not a file"):
        (root / "inner").content()
    with pytest.raises(NotADirectoryError) as caught:
        (root / "inner/a.txt/x").content()
    assert caught.value.filename == str(root / "inner/a.txt")


def test_the_root_may_be_a_link(root, tmp_path):
    (tmp_path / "scratch").symlink_to(root.path)
    path = GuardedPath(tmp_path / "scratch") / "inner/a.txt"
    assert path.text() == "own"
    path.set_time(5)
    assert path.status().st_mtime_ns == 5
    assert GuardedPath(tmp_path / "scratch").is_folder()


def test_all_is_removed_but_what_links_lead_to(root, secret):
    (root.path / "inner/folder").symlink_to(secret.parent)
    (root.path / "inner/file").symlink_to(secret)
    (root / "inner").remove_all()
    assert root.entries() == []
    assert secret.read_text() == "private"
    (root.path / "alone").symlink_to(secret.parent)
    (root / "alone").remove_all()
    assert secret.read_text() == "private"
    assert root.entries() == []


def test_a_folder_that_turns_into_a_link_on_the_way(root, secret, monkeypatch):
    """Where paths are opened by descriptors, that cannot redirect what is opened next."""
    if not guarded._RELATIVE:
        pytest.skip("names can be redirected")
    opened = os.open

    def swap(path, flags, *arguments, **options):
        descriptor = opened(path, flags, *arguments, **options)
        if path == "inner":  # it is open: what has its name now does not matter
            (root.path / "inner").rename(root.path / "moved")
            (root.path / "inner").symlink_to(secret.parent)
        return descriptor

    path = root / "inner/a.txt"
    mode = path._mode()
    monkeypatch.setattr(GuardedPath, "_mode", lambda self: mode)
    monkeypatch.setattr(os, "open", swap)
    assert path.content() == b"own"


def test_hard_links_and_copies(root, monkeypatch):
    path = root / "inner/a.txt"
    path.link_to(root / "b.txt")
    assert path.status().st_ino == (root / "b.txt").status().st_ino

    def refuse(*_, **__):
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    path.set_time(7)
    path.link_to(root / "c.txt")
    assert path.status().st_ino != (root / "c.txt").status().st_ino
    assert ((root / "c.txt").text(), (root / "c.txt").status().st_mtime_ns) == ("own", 7)


def test_a_file_with_another_name_is_not_closed_to_writing(root, tmp_path):
    """It may be raw data that a plugin has linked into its folder."""
    path = root / "inner/a.txt"
    path.protect()
    assert path.status().st_mode & 0o222 == 0
    raw = tmp_path / "raw.txt"
    raw.write_text("raw")
    os.link(raw, root.path / "raw.txt")
    (root / "raw.txt").protect()
    assert raw.stat().st_mode & 0o200


def test_it_travels_to_workers(root):
    path = root / "inner/a.txt"
    assert pickle.loads(pickle.dumps(path)) == path
    assert path.absolute().root.is_absolute()
    assert GuardedPath.of(path) is path
    assert GuardedPath.of(Path("x")) == GuardedPath(Path("x"))


def test_a_library_opens_the_very_file(root):
    with (root / "inner/a.txt").by_name() as name:
        (root / "inner/a.txt").remove()
        if name.startswith("/proc"):
            assert Path(name).read_text() == "own"


@pytest.mark.parametrize(
    ("name", "temporary"),
    [
        (".nfs00000000012345", True),
        ("a.labrun-12-0123abcd.tmp", True),
        ("draft.tmp-final.docx", False),
        ("notes.tmp-2024.txt", False),
        ("a.labrun-12-0123abcd.tmp.txt", False),
        (".labrun-12-0123abcd.tmp", False),
        ("a.labrun-x-0123abcd.tmp", False),
    ],
)
def test_names_of_temporary_files(name, temporary):
    assert is_temporary(name) is temporary


def test_the_process_behind_a_temporary_name():
    assert is_temporary(temporary_name("run.json"))
    assert process_of(temporary_name("a")) == os.getpid()
    assert process_of("a.labrun-12-0123abcd.tmp") == 12
    assert process_of(".nfs0001") is None


@pytest.mark.skipif(sys.platform == "win32", reason="files without holes")
def test_a_file_that_claims_more_than_the_disk_holds_is_not_read(root):
    """200 GB of nothing, which anybody can make, would fill the memory."""
    path = root / "record.json"
    with path.opened("xb") as stream:
        stream.truncate(200 * 2**30)
    for read in (path.content, path.text, lambda: read_json(path), lambda: _lines(path)):
        with pytest.raises(OSError, match=r"it claims 214,748,364,800 bytes, of which the disk holds 0: remove it"):
            read()
    with path.opened() as stream:  # in pieces it may be read
        assert stream.read(3) == b"\0\0\0"


def _lines(path: GuardedPath) -> list[str]:
    with path.opened("r", encoding="utf-8") as stream:
        return list(stream)


def test_folders_within_one_another(root):
    """Nested more deeply than Python's own functions go."""
    folder = os.open(root.path, os.O_RDONLY)
    for _ in range(2000):
        os.mkdir("deep", dir_fd=folder)
        inner = os.open("deep", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    with pytest.raises(
        UnsafePath, match=rf"^'{re.escape(str(root))}/deep/deep/deep' holds more than 100 folders within one another"
    ):
        list(root.descend())
    (root / "deep").remove_all()
    subprocess.run(["rm", "-rf", str(root / "deep")], check=True)

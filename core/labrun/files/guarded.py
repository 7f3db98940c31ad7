"""Files below a root that may hold other people's links, pipes and devices: the only way to touch a folder of runs.

A folder of runs may come from somebody else, and a link in it may lead to any file of whoever opens it. So nothing below the root is
reached through a link: each folder on the way is opened relative to the one before (`openat` with `O_NOFOLLOW`), which no change made
meanwhile can redirect, and only regular files are opened. The root itself may be a link, since people put their runs on another disk.

Where the system cannot open files relative to a folder (Windows), each folder on the way is checked instead.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from labrun.faults import LabrunError
from labrun.files.temporary import temporary_name

__all__ = ["GuardedPath", "UnsafePath", "name_of"]

_RELATIVE = os.open in os.supports_dir_fd
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_FILE = _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_ABSENT = (FileNotFoundError, NotADirectoryError)

DEEPEST = 100
"""Folders within one another below a root."""
BLOCK = 512
"""Bytes of a block, in which a system counts what the disk holds of a file."""
EXPANSION = 1032
"""Most bytes that one byte on the disk may stand for, as deflate would pack them (some file systems pack files)."""
FLOOR = 2**26
"""Bytes that are read whatever the disk holds."""


class UnsafePath(LabrunError, OSError):
    """A link, a pipe, a device or a forbidden name where labrun keeps its own files and folders."""


@dataclass(frozen=True)
class GuardedPath:
    """A file or folder below `root`, reached without following links below it.

    It is not an `os.PathLike`, so no library opens it by its name unnoticed. All methods raise `UnsafePath` if a link is in the way, and
    `OSError` like the functions of `os`.
    """

    root: Path
    parts: tuple[str, ...] = ()

    @classmethod
    def of(cls, folder: Path | GuardedPath) -> GuardedPath:
        """Return a folder as it is, or a plain path as a root of its own."""
        return folder if isinstance(folder, GuardedPath) else cls(folder)

    def __truediv__(self, name: str) -> GuardedPath:
        """Return the path of `name`, which may hold `/`, in this folder.

        Raises:
            UnsafePath: the name would lead out of the folder, or no file can have it.
        """
        parts = tuple(name.split("/"))
        if not all(parts) or {".", ".."} & {*parts} or "\\" in name or "\0" in name:
            raise UnsafePath(f"{name!r} is not the name of a file in '{self}'")
        return GuardedPath(self.root, self.parts + parts)

    def __str__(self) -> str:
        return str(self.path)

    @property
    def path(self) -> Path:
        """The plain path, for messages."""
        return self.root.joinpath(*self.parts)

    @property
    def name(self) -> str:
        """The last part."""
        return self.parts[-1] if self.parts else self.root.name

    @property
    def parent(self) -> GuardedPath:
        """The folder that holds it; for the root, the folder above, as a root of its own."""
        return GuardedPath(self.root, self.parts[:-1]) if self.parts else GuardedPath(self.root.parent)

    def below(self, folder: GuardedPath) -> str:
        """Return its name seen from a folder above, with `/` between the parts."""
        return "/".join(self.parts[len(folder.parts) :])

    def absolute(self) -> GuardedPath:
        """Return the same path, valid in any working directory."""
        return GuardedPath(self.root.absolute(), self.parts)

    def beside(self, name: str) -> GuardedPath:
        """Return the path of another entry of the same folder."""
        return self.parent / name

    def temporary(self) -> GuardedPath:
        """Return a path beside this one that no other process takes."""
        return self.beside(temporary_name(self.name))

    # -- what is there --

    def status(self) -> os.stat_result:
        """Return the status of the entry itself, even if it is a link."""
        if not self.parts:
            return self.root.stat()
        with self._located() as (name, folder), self._explained():
            return os.stat(name, dir_fd=folder, follow_symlinks=False)

    def is_there(self) -> bool:
        """Check whether there is an entry of this name, of any kind."""
        return self._mode() != 0

    def is_regular(self) -> bool:
        """Check whether it is a regular file."""
        return stat.S_ISREG(self._mode())

    def is_folder(self) -> bool:
        """Check whether it is a folder."""
        return stat.S_ISDIR(self._mode())

    def is_one_of(self, folders: Iterable[Path]) -> bool:
        """Check whether it is the same file or folder as one of these, which may lie anywhere."""
        own = self.status()
        return any(folder.exists() and os.path.samestat(own, folder.stat()) for folder in folders)

    def expect_own(self) -> None:
        """Refuse an entry that is neither a folder nor a regular file; it may be missing.

        Raises:
            UnsafePath: it is a link, a pipe, a device or a socket.
        """
        mode = self._mode()
        if mode and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise self._unsafe(mode)

    def entries(self) -> list[GuardedPath]:
        """Return the entries of the folder in the order of their names; none if it is missing or is a file.

        Raises:
            UnsafePath: it is a link.
        """
        try:
            with self._opened_folder() as folder:
                names = os.listdir(folder)  # noqa: PTH208 (a descriptor, which pathlib does not take)
        except _ABSENT:
            return []
        return [GuardedPath(self.root, (*self.parts, name)) for name in sorted(names)]

    def descend(self) -> Iterator[GuardedPath]:
        """Yield all entries below the folder, each folder before its content; links are yielded, not followed.

        Raises:
            UnsafePath: folders are nested more deeply than any of labrun's.
        """
        for entry in self.entries():
            yield entry
            if entry.is_folder():
                if len(entry.parts) > DEEPEST:
                    raise UnsafePath(
                        f"'{self._shortened()}' holds more than {DEEPEST} folders within one another: remove it"
                    )
                yield from entry.descend()

    # -- files --

    @contextmanager
    def opened(self, mode: str = "rb", **text: Any) -> Iterator[IO[Any]]:
        """Open a regular file as the built-in `open` does; a new file is created only where a mode says so.

        Raises:
            UnsafePath: it is not a regular file.
            OSError: it cannot be opened, or is to be read as text and claims more than it holds.
        """
        with open(self.path, mode, opener=lambda _, flags: self._descriptor(flags), **text) as stream:
            if mode == "r":
                self._expect_plausible(stream)
            yield stream

    @contextmanager
    def written(self) -> Iterator[IO[bytes]]:
        """Yield a stream, which can be read too; the file takes its name once it is whole and on the disk."""
        temporary = self.temporary()
        self.parent.make_folder()
        try:
            with temporary.opened("x+b") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            temporary.rename_to(self)
            self.parent.sync()
        finally:
            temporary.remove()

    def content(self) -> bytes:
        """Return what a regular file holds.

        Raises:
            OSError: it cannot be read, or claims more than it holds.
        """
        with self.opened() as stream:
            self._expect_plausible(stream)
            return bytes(stream.read())

    def expect_plausible(self) -> None:
        """Refuse a regular file that claims far more bytes than the disk holds.

        Raises:
            OSError: it does, or cannot be opened.
        """
        with self.opened() as stream:
            self._expect_plausible(stream)

    def text(self) -> str:
        """Return what a regular file holds, as text in UTF-8."""
        return self.content().decode("utf-8")

    @contextmanager
    def by_name(self, mode: str = "rb") -> Iterator[str]:
        """Yield a name by which a library opens this file, if it takes no stream: that of an open descriptor where the system has such."""
        with self.opened(mode) as stream:
            yield name_of(stream, self)

    def sync(self) -> None:
        """Bring the content of a file, or the names in a folder, to the disk (folders where the system allows it)."""
        if not self.is_folder():
            with self.opened() as stream:
                os.fsync(stream.fileno())
        elif _RELATIVE:
            with contextlib.suppress(OSError), self._opened_folder() as folder:
                os.fsync(folder)

    def protect(self) -> None:
        """Close a regular file to writing, unless it has another name: that may lie outside the root."""
        with self.opened() as stream:
            if os.fstat(stream.fileno()).st_nlink == 1:
                file = stream.fileno() if os.chmod in os.supports_fd else self.path
                os.chmod(file, 0o444)  # noqa: PTH101 (a descriptor, which pathlib does not take)

    def set_time(self, nanoseconds: int) -> None:
        """Set the time of a regular file's last change [ns since 1970]."""
        with self.opened() as stream:
            os.utime(stream.fileno() if os.utime in os.supports_fd else self.path, ns=(nanoseconds, nanoseconds))

    # -- names --

    def make_folder(self) -> None:
        """Make the folder, and those above it, unless they are there."""
        self.root.mkdir(parents=True, exist_ok=True)
        for end in range(1, len(self.parts) + 1):
            part = GuardedPath(self.root, self.parts[:end])
            with part._located() as (name, folder), contextlib.suppress(FileExistsError), part._explained():
                os.mkdir(name, dir_fd=folder)
        with self._opened_folder():  # it is a folder, not a file or a link
            pass

    def make_new_folder(self) -> None:
        """Make the folder.

        Raises:
            FileExistsError: there is an entry of this name.
        """
        self.parent.make_folder()
        with self._located() as (name, folder), self._explained():
            os.mkdir(name, dir_fd=folder)

    def rename_to(self, target: GuardedPath) -> None:
        """Give the entry another name; a file or an empty folder of that name is replaced."""
        with self._located() as (name, folder), target._located() as (new_name, new_folder), self._explained():
            os.replace(name, new_name, src_dir_fd=folder, dst_dir_fd=new_folder)

    def link_to(self, target: GuardedPath) -> None:
        """Give a regular file a second name, or copy it where the file system has no hard links."""
        try:
            with self._located() as (name, folder), target._located() as (new_name, new_folder), self._explained():
                if not self.is_regular():
                    raise self._unsafe(self.status().st_mode)
                os.link(name, new_name, src_dir_fd=folder, dst_dir_fd=new_folder, follow_symlinks=False)
        except UnsafePath:
            raise
        except OSError:
            self.copy_to(target)

    def copy_to(self, target: GuardedPath) -> None:
        """Copy a regular file, with its time and its permissions, to a new one."""
        with self.opened() as source, target.opened("xb") as stream:
            shutil.copyfileobj(source, stream)
            status = os.fstat(source.fileno())
        target.set_time(status.st_mtime_ns)
        if not status.st_mode & 0o222:
            target.protect()

    def remove(self) -> None:
        """Remove a file, or a link itself, unless it is missing."""
        with contextlib.suppress(*_ABSENT), self._located() as (name, folder), self._explained():
            os.unlink(name, dir_fd=folder)

    def remove_all(self) -> None:
        """Remove the entry, with all that a folder holds; links are removed, not followed. What cannot be removed stays."""
        with contextlib.suppress(OSError):
            if not self.is_folder():
                self.remove()
                return
            with self._located() as (name, folder), contextlib.suppress(RecursionError):
                shutil.rmtree(name, ignore_errors=True, dir_fd=folder)

    def remove_if_empty(self) -> None:
        """Remove a folder that holds nothing; leave anything else."""
        with contextlib.suppress(OSError), self._located() as (name, folder):
            os.rmdir(name, dir_fd=folder)

    # -- the way --

    @contextmanager
    def _located(self) -> Iterator[tuple[str, int | None]]:
        """Yield the entry's name and an open descriptor of its folder, as the functions of `os` take them."""
        if not self.parts:
            yield os.fspath(self.root), None
        elif _RELATIVE:
            with self.parent._opened_folder() as folder:
                yield self.parts[-1], folder
        else:
            self.parent._check_way()
            yield os.fspath(self.path), None

    @contextmanager
    def _opened_folder(self) -> Iterator[Any]:
        """Yield an open descriptor of the folder, reached link by link (its path, where the system has no such descriptors)."""
        if not _RELATIVE:
            self._check_way()
            yield os.fspath(self.path)
            return
        descriptor = os.open(self.root, _FOLDER)
        try:
            for end, part in enumerate(self.parts, start=1):
                here = GuardedPath(self.root, self.parts[:end])
                with here._explained(descriptor):
                    inner = os.open(part, _FOLDER | _NO_FOLLOW, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)

    def _check_way(self) -> None:
        for end in range(1, len(self.parts) + 1):
            here = GuardedPath(self.root, self.parts[:end])
            mode = os.lstat(here.path).st_mode
            if stat.S_ISREG(mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(here))
            if not stat.S_ISDIR(mode):
                raise here._unsafe(mode)

    def _descriptor(self, flags: int) -> int:
        mode = self._mode()
        if mode and not stat.S_ISREG(mode):  # to open a device can act on it
            raise self._unsafe(mode)
        with self._located() as (name, folder), self._explained():
            descriptor = os.open(name, flags | _FILE, 0o666, dir_fd=folder)
        if stat.S_ISREG(mode := os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
        raise self._unsafe(mode)

    def _expect_plausible(self, stream: IO[Any]) -> None:
        """Refuse a file that would fill the memory with what the disk does not hold."""
        status = os.fstat(stream.fileno())
        held = getattr(status, "st_blocks", status.st_size) * BLOCK
        if status.st_size > max(FLOOR, EXPANSION * held):
            problem = f"it claims {status.st_size:,} bytes, of which the disk holds {held:,}: remove it"
            raise OSError(errno.EFBIG, problem, str(self))

    def _shortened(self) -> str:
        return f"{self.root.joinpath(*self.parts[:3])}"

    def _mode(self) -> int:
        """Return the kind and permissions of the entry; 0 if there is none."""
        try:
            return self.status().st_mode
        except _ABSENT:
            return 0

    @contextmanager
    def _explained(self, folder: int | None = None) -> Iterator[None]:
        """Name the whole path in errors; say so where a link is the reason, given the descriptor of its folder."""
        try:
            yield
        except OSError as error:
            if isinstance(error, UnsafePath):
                raise
            if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EMLINK):
                mode = (
                    os.stat(self.name, dir_fd=folder, follow_symlinks=False).st_mode
                    if folder is not None
                    else self._mode()
                )
                if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                    raise self._unsafe(mode) from error
            raise OSError(error.errno, error.strerror, str(self)) from error

    def _unsafe(self, mode: int) -> UnsafePath:
        kind = next((word for test, word in _KINDS if test(mode)), "not a regular file")
        if stat.S_ISLNK(mode):
            with contextlib.suppress(OSError):
                kind += f" to '{self._target()}'"
        advice = "; only the whole folder of runs may be a link" if stat.S_ISLNK(mode) else ""
        return UnsafePath(
            f"'{self}' is {kind}, but only files and folders of labrun's own belong there: remove it{advice}"
        )

    def _target(self) -> str:
        if not self.parts:
            return str(self.root.readlink())
        with self._located() as (name, folder):
            return os.readlink(name, dir_fd=folder)


_KINDS = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISDIR, "a folder, not a file"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def name_of(stream: IO[bytes], path: GuardedPath) -> str:
    """Return a name by which a library opens the file of a stream: that of its descriptor where the system has such, else its path."""
    name = f"/proc/self/fd/{stream.fileno()}"
    return name if Path(name).exists() else str(path)

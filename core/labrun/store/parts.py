"""Members on disk: parts, each a closed HDF5 file with a receipt beside it.

A part holds some members of an ensemble, each in a group under its number: `17/u` is the array `u` of member 17. Integers and booleans are
compressed, since they often take few values. Floating-point fields are not, so that a slice is read at the speed of the disk: such an array
is mapped into memory, and only the bytes of the slice are read (of 200³ cells, a plane across the last axis takes 0.2 ms; by HDF5, 4 ms).

The receipt (`<part>.json`) is written after the part and certifies it: its size and SHA-256, and the members that failed. The receipt file
has the same modification time as the part: as long as the two agree, the part is unchanged. (The time is not in the receipt itself, whose
bytes are the same for every run.)
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.faults import LabrunError
from labrun.files.atomic import read_json
from labrun.files.digests import sha256_of_stream
from labrun.files.disk_space import expect_space
from labrun.files.guarded import GuardedPath, name_of
from labrun.files.hdf5 import child, expect_within
from labrun.files.integrity import CHANGED, Damage, problem_with
from labrun.files.limits import expect_plausible

if TYPE_CHECKING:
    import h5py
    import numpy as np

    from labrun.contracts.plugin import Arrays

__all__ = [
    "Failure",
    "Receipt",
    "StoredMembers",
    "cut",
    "examine_part",
    "part_name",
    "read_receipt",
    "write_part",
    "write_receipt",
]

_NUMBER = re.compile("0|[1-9][0-9]{0,17}")

PARTS_AT_MOST = 1024
MEMBERS_AT_MOST = 256
TOGETHER_AT_MOST = 32
"""Limits of a part: about `PARTS_AT_MOST` parts, each with at most `MEMBERS_AT_MOST` members. A killed worker then loses little, a thousand
workers are busy, and no folder has so many files that it becomes slow. Of a group that shares its random numbers, a part holds
`TOGETHER_AT_MOST`. The cut depends only on the sweep: same sweep, same bytes."""


MAPPED_FROM = 2**16
"""Arrays of at least this size are mapped [bytes]."""


@dataclass(frozen=True)
class Failure:
    """A member that could not be simulated."""

    member: int
    parameters: dict[str, Any]
    error: str
    traceback: str
    timeout: float | None = None
    """The time that it was given, if it took longer [s]."""


@dataclass(frozen=True)
class Receipt:
    """The certificate of a complete part."""

    size: int
    sha256: str
    failures: list[Failure]


def cut(members: int, groups: Sequence[Any] | None = None) -> list[list[int]]:
    """Cut members into parts. Members of one group (`seed_by`) stay together, so that a simulator can cache what they share; a large group
    is cut into pieces, of equal size if possible."""
    size = min(max(1, -(-members // PARTS_AT_MOST)), MEMBERS_AT_MOST)
    if groups is None:
        return [list(range(start, min(start + size, members))) for start in range(0, members, size)]
    gathered: dict[Any, list[int]] = {}
    for member, group in enumerate(groups):
        gathered.setdefault(group, []).append(member)
    parts: list[list[int]] = [[]]
    for together in gathered.values():
        length = _length_of_pieces(len(together), max(size, TOGETHER_AT_MOST))
        for start in range(0, len(together), length):
            piece = together[start : start + length]
            if parts[-1] and len(parts[-1]) + len(piece) > max(size, length):
                parts.append([])
            parts[-1].extend(piece)
    return parts


def _length_of_pieces(members: int, most: int) -> int:
    """Return the longest piece of at most `most` members that divides a group evenly, if it is longer than half of that; else `most`."""
    fitting = (length for length in range(min(most, members), most // 2, -1) if members % length == 0)
    return members if members <= most else next(fitting, most)


def part_name(number: int) -> str:
    """Return the file name of a part."""
    return f"{number:06d}.h5"


def receipt_name(number: int) -> str:
    """Return the file name of a part's receipt."""
    return f"{number:06d}.json"


def write_part(folder: Path | GuardedPath, number: int, results: Iterable[tuple[int, Arrays] | Failure]) -> Receipt:
    """Write members as they come, then the receipt; both take their names only when they are complete.

    Raises:
        OSError: the disk is full, or the folder cannot be written. Nothing of the part is left behind.
    """
    import h5py

    folder = GuardedPath.of(folder)
    path = folder / part_name(number)
    failures = []
    with path.written() as stream:
        # newer formats hold times, so their bytes differ from run to run; some file systems cannot lock
        with h5py.File(name_of(stream, path), "w", locking=False) as file:
            for result in results:
                if isinstance(result, Failure):
                    failures.append(result)
                else:
                    member, arrays = result
                    group = file.create_group(str(member))
                    for name, array in arrays.items():
                        expect_space(path.path, array.nbytes)
                        group.create_dataset(name, data=array, **_layout(array))
        receipt = Receipt(os.fstat(stream.fileno()).st_size, sha256_of_stream(stream), failures)
    write_receipt(folder, number, receipt)
    return receipt


def write_receipt(folder: GuardedPath, number: int, receipt: Receipt) -> None:
    """Write the receipt of a part."""
    beside = folder / receipt_name(number)
    with beside.written() as stream:
        stream.write(json.dumps(asdict(receipt), indent=1).encode())
    beside.set_time((folder / part_name(number)).status().st_mtime_ns)


def _layout(array: np.ndarray) -> dict[str, Any]:
    if array.dtype.kind not in "biu" or array.nbytes < 4096:
        return {}
    chunks = (1, *array.shape[1:]) if array.ndim > 2 else array.shape
    # level 4: lattices with a few states take 5 to 16 % less room than at level 1, for half as much time again (0.2 ms for 128×128 bytes)
    return {"chunks": chunks, "compression": "gzip", "compression_opts": 4, "shuffle": True}


def examine_part(
    folder: Path | GuardedPath, number: int, *, thorough: bool = False
) -> tuple[Receipt | None, list[Damage]]:
    """Return the receipt of a complete part, or the damage of one that was once finished; neither for an unfinished part.

    The part is read if its time differs from that of its receipt, or if `thorough`.
    """
    own = GuardedPath.of(folder)
    path, beside = own / part_name(number), own / receipt_name(number)
    try:
        fields = read_json(beside)
        receipt = Receipt(fields["size"], fields["sha256"], [Failure(**failure) for failure in fields["failures"]])
        changed = beside.status().st_mtime_ns
    except FileNotFoundError:
        return None, []
    except (OSError, ValueError, KeyError, TypeError):
        return None, [Damage(beside.name, CHANGED)]
    problem = problem_with(path, receipt.size, receipt.sha256, changed, thorough=thorough)
    return (None, [Damage(path.name, problem)]) if problem else (receipt, [])


def read_receipt(folder: Path | GuardedPath, number: int) -> Receipt | None:
    """Return the receipt of a part; None if the part is not complete."""
    return examine_part(folder, number)[0]


class StoredMembers:
    """Read members from the parts of a finished simulation; files are opened when first needed."""

    def __init__(self, folder: Path | GuardedPath, parts: list[list[int]]) -> None:
        self.folder = GuardedPath.of(folder)
        self._part_of = {member: number for number, part in enumerate(parts) for member in part}
        # the caches hold no reference to this object, so that files are closed as soon as it goes
        self._open = lru_cache(maxsize=64)(partial(_open_part, self.folder))
        self._map = lru_cache(maxsize=4096)(partial(_map_array, self.folder, self._open))

    @classmethod
    def found_in(cls, folder: Path | GuardedPath) -> StoredMembers:
        """Return the members in a folder of parts, whatever their sweep.

        Raises:
            OSError: a file is damaged, or is a link.
            ValueError: a file is not a part.
        """
        import h5py

        found = cls(folder, [])
        for path in GuardedPath.of(folder).entries():
            if not path.name.endswith(".h5"):
                continue
            stem = path.name.removesuffix(".h5")
            with path.by_name() as name, h5py.File(name, "r", locking=False) as file:
                try:
                    names = [stem.lstrip("0") or "0", *file]
                except RuntimeError as error:  # what h5py raises for much that is damaged
                    raise OSError(str(error)) from error
                if not all(_NUMBER.fullmatch(name) for name in names) or part_name(int(names[0])) != path.name:
                    problem = "parts are numbered, and hold members by their numbers"
                    raise ValueError(f"'{path}' is not a part of an ensemble: {problem}")
                found._part_of |= {int(name): int(stem) for name in names[1:]}
        return found

    def only(self, members: Sequence[int]) -> StoredMembers:
        """Return a selection, which is short when pickled."""
        return _reopened(self.folder.absolute(), {member: self._part_of[member] for member in members})

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopened, (self.folder, self._part_of)

    @property
    def numbers(self) -> list[int]:
        """The numbers of all members, in order."""
        return sorted(self._part_of)

    def _array(self, member: int, name: str) -> h5py.Dataset:
        return _array(self._open(self._part_of[member]), member, name)

    @contextmanager
    def _reading(self, member: int) -> Iterator[None]:
        """Explain errors of the file in use.

        Raises:
            LabrunError: the file is damaged or has gone.
        """
        try:
            yield
        except (OSError, RuntimeError) as error:  # what h5py raises for damage
            path = self.folder / part_name(self._part_of[member])
            reason = " ".join((getattr(error, "strerror", None) or str(error)).split())
            raise LabrunError(
                f"cannot read member {member} in '{path}': {reason:.300}. If the file is damaged, 'labrun verify' finds it, and the next "
                "run makes it again"
            ) from error

    def names(self, member: int) -> list[str]:
        """Return the names of a member's arrays."""
        with self._reading(member):
            return sorted(_within(self._open(self._part_of[member]), str(member)))

    def shape(self, member: int, name: str) -> tuple[int, ...]:
        """Return the shape of an array, without reading it."""
        with self._reading(member):
            return tuple(self._array(member, name).shape)

    def read(self, member: int, name: str, selection: Any = ()) -> np.ndarray:
        """Return one array of a member, or the slice given by `selection`, read directly from the file.

        Raises:
            KeyError: the member has no such array.
            LabrunError: the file is damaged or has gone.
        """
        import numpy as np

        with self._reading(member):
            mapped = self._map(self._part_of[member], member, name)
            return self._array(member, name)[selection] if mapped is None else np.array(mapped[selection])


def _open_part(folder: GuardedPath, number: int) -> h5py.File:
    import h5py

    with (folder / part_name(number)).by_name() as name:
        return h5py.File(name, "r", locking=False)


def _map_array(
    folder: GuardedPath, opened: Callable[[int], h5py.File], number: int, member: int, name: str
) -> np.ndarray | None:
    """Map an array that has the same layout in the file as in memory; return None for others, and for small ones."""
    import numpy as np

    array = _array(opened(number), member, name)
    path = folder / part_name(number)
    try:
        _expect_sound(array, name, path)
        start = array.id.get_offset()
        if start is None or array.nbytes < MAPPED_FROM:
            return None
        with path.opened() as stream:
            return np.memmap(stream, array.dtype, "r", start, array.shape)
    except ValueError as error:
        raise OSError(str(error)) from error


def _reopened(folder: GuardedPath, part_of: dict[int, int]) -> StoredMembers:
    members = StoredMembers(folder, [])
    members._part_of = part_of
    return members


def _array(file: h5py.File, member: int, name: str) -> h5py.Dataset:
    group = _within(file, str(member))
    if name not in group.keys():  # noqa: SIM118 (this checks the name alone, not what it leads to)
        raise KeyError(f"member {member} has no array '{name}'")
    return _within(group, name)


def _within(group: h5py.Group, name: str) -> Any:
    """Return what a group itself holds under a name.

    Raises:
        OSError: it is damaged, missing, or elsewhere.
    """
    try:
        if (found := child(group, name)) is not None:
            return found
    except (KeyError, ValueError) as error:
        raise OSError(f"'{name}' is damaged, or leads to another file, which is not followed") from error
    raise OSError(f"'{name}' is missing, or leads to another place, which is not followed")


def _expect_sound(array: h5py.Dataset, name: str, path: GuardedPath) -> None:
    """Refuse an array that no simulation has written.

    Raises:
        ValueError: it is not an array, takes its values from another file, holds objects (addresses in memory, once mapped), or claims too
            many bytes.
    """
    import h5py

    if not isinstance(array, h5py.Dataset) or array.dtype.hasobject:
        raise ValueError(f"'{name}' is not an array of numbers")
    expect_within(array)
    expect_plausible(f"'{name}'", array.nbytes, path.status().st_size)

"""How members lie on disk: parts, each a closed HDF5 file with a receipt beside it.

A part holds some members of an ensemble, each a group under its number: `17/u` is the array `u` of member 17. Integers
and booleans are compressed, since they often hold few values; floating-point fields are not, so that a slice is read as
fast as the disk gives it: such an array is mapped into memory, and only what a slice touches is read (of 200³ cells, a plane across
the last axis in 0.2 ms; HDF5 takes 4 ms).

The receipt (`<part>.json`) is written after the part and says that it is whole: its size and SHA-256, and which members failed. It bears
the time of the part: as long as both have the same, the part has not been changed since. (The time does not stand in the receipt, since
its bytes are the same for every run.)
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.faults import LabrunError
from labrun.files.atomic import read_json, write_atomically
from labrun.files.digests import sha256_of
from labrun.files.disk_space import expect_space
from labrun.files.hdf5 import expect_within
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
"""A part holds the members that make about `PARTS_AT_MOST` parts, and no more than these: a killed worker loses little, a thousand workers
have something to do, and there are never so many files that a folder becomes slow. Of a group that shares its random numbers, a part holds
`TOGETHER_AT_MOST`. The cut depends on the sweep alone: same sweep, same bytes."""


MAPPED_FROM = 2**16
"""Bytes of an array from which on it is mapped."""


@dataclass(frozen=True)
class Failure:
    """A member that could not be simulated."""

    member: int
    parameters: dict[str, Any]
    error: str
    traceback: str


@dataclass(frozen=True)
class Receipt:
    """What says that a part is whole."""

    size: int
    sha256: str
    failures: list[Failure]


def cut(members: int, groups: Sequence[Any] | None = None) -> list[list[int]]:
    """Cut members into parts. Members of one group (`seed_by`) stay together, so that a simulator may keep what they share; a large group
    is cut into pieces, of one size if it can be."""
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
    """The longest piece, of at most so many members, that a group can be cut into without rest; half as long is not too short."""
    fitting = (length for length in range(min(most, members), most // 2, -1) if members % length == 0)
    return members if members <= most else next(fitting, most)


def part_name(number: int) -> str:
    """The file name of a part."""
    return f"{number:06d}.h5"


def write_part(folder: Path, number: int, results: Iterable[tuple[int, Arrays] | Failure]) -> Receipt:
    """Write members as they come, then the receipt; both appear under their names only when they are whole.

    Raises:
        OSError: the disk is full, or the folder cannot be written. Nothing of the part is left behind.
    """
    import h5py

    path = folder / part_name(number)
    failures = []
    with write_atomically(path) as temporary:
        with h5py.File(temporary, "w") as file:  # newer formats hold times, so their bytes differ from run to run
            for result in results:
                if isinstance(result, Failure):
                    failures.append(result)
                else:
                    member, arrays = result
                    group = file.create_group(str(member))
                    for name, array in arrays.items():
                        expect_space(path, array.nbytes)
                        group.create_dataset(name, data=array, **_layout(array))
        receipt = Receipt(temporary.stat().st_size, sha256_of(temporary), failures)
    write_receipt(folder, number, receipt)
    return receipt


def write_receipt(folder: Path, number: int, receipt: Receipt) -> None:
    """Write the receipt of a part that is there."""
    path = folder / part_name(number)
    with write_atomically(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(asdict(receipt), indent=1), encoding="utf-8")
        changed = path.stat().st_mtime_ns
        os.utime(temporary, ns=(changed, changed))


def _layout(array: np.ndarray) -> dict[str, Any]:
    if array.dtype.kind not in "biu" or array.nbytes < 4096:
        return {}
    chunks = (1, *array.shape[1:]) if array.ndim > 2 else array.shape
    # level 4: lattices with a few states take 5 to 16 % less room than at level 1, for half as much time again (0.2 ms for 128×128 bytes)
    return {"chunks": chunks, "compression": "gzip", "compression_opts": 4, "shuffle": True}


def examine_part(folder: Path, number: int, *, thorough: bool = False) -> tuple[Receipt | None, list[Damage]]:
    """The receipt of a part that is there whole, and what is wrong with one that is not; both are empty for a part that was not finished.

    The part is read if its time is not that of its receipt, or if `thorough`.
    """
    path = folder / part_name(number)
    beside = path.with_suffix(".json")
    try:
        fields = read_json(beside)
        receipt = Receipt(fields["size"], fields["sha256"], [Failure(**failure) for failure in fields["failures"]])
        changed = beside.stat().st_mtime_ns
    except FileNotFoundError:
        return None, []
    except (OSError, ValueError, KeyError, TypeError):
        return None, [Damage(beside.name, CHANGED)]
    problem = problem_with(path, receipt.size, receipt.sha256, changed, thorough=thorough)
    return (None, [Damage(path.name, problem)]) if problem else (receipt, [])


def read_receipt(folder: Path, number: int) -> Receipt | None:
    """The receipt of a part, or None if the part is not there whole."""
    return examine_part(folder, number)[0]


class StoredMembers:
    """Reads members from the parts of a finished simulation; files are opened when first needed."""

    def __init__(self, folder: Path, parts: list[list[int]]) -> None:
        self.folder = folder
        self._part_of = {member: number for number, part in enumerate(parts) for member in part}
        self._open = lru_cache(maxsize=64)(self._open_part)
        self._map = lru_cache(maxsize=4096)(self._map_array)  # a map holds no open file

    @classmethod
    def found_in(cls, folder: Path) -> StoredMembers:
        """The members that lie in a folder of parts, whatever sweep they came from.

        Raises:
            OSError: a file is damaged.
            ValueError: a file is no part.
        """
        import h5py

        found = cls(folder, [])
        for path in sorted(folder.glob("*.h5")):
            with h5py.File(path, "r", locking=False) as file:
                try:
                    names = [path.stem.lstrip("0") or "0", *file]
                except RuntimeError as error:  # what h5py raises for much that is damaged
                    raise OSError(str(error)) from error
                if not all(_NUMBER.fullmatch(name) for name in names) or part_name(int(names[0])) != path.name:
                    problem = "parts are numbered, and hold members by their numbers"
                    raise ValueError(f"'{path}' is no part of an ensemble: {problem}")
                found._part_of |= {int(name): int(path.stem) for name in names[1:]}
        return found

    def only(self, members: Sequence[int]) -> StoredMembers:
        """Some of them. Pickled, that is short."""
        return _reopened(self.folder.absolute(), {member: self._part_of[member] for member in members})

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopened, (self.folder, self._part_of)

    @property
    def numbers(self) -> list[int]:
        """The members that there are, in their order."""
        return sorted(self._part_of)

    def _open_part(self, number: int) -> h5py.File:
        import h5py

        return h5py.File(self.folder / part_name(number), "r", locking=False)

    def _group(self, member: int) -> h5py.Group:
        file = self._open(self._part_of[member])
        try:
            return file[str(member)]
        except KeyError as error:  # an unknown array is one, too, and the caller's fault; this is the file's
            raise OSError(str(error)) from error

    def _array(self, member: int, name: str) -> h5py.Dataset:
        group = self._group(member)
        try:
            return group[name]
        except KeyError as error:
            if name in group.keys():  # noqa: SIM118 (which asks for the name alone, not for what it leads to)
                raise OSError(str(error)) from error
            raise

    @contextmanager
    def _reading(self, member: int) -> Iterator[None]:
        """Tell of what cannot be read where it lies.

        Raises:
            LabrunError: the file is damaged, or gone.
        """
        try:
            yield
        except (OSError, RuntimeError) as error:  # what h5py raises for damage
            path = self.folder / part_name(self._part_of[member])
            said = " ".join((getattr(error, "strerror", None) or str(error)).split())
            raise LabrunError(
                f"cannot read member {member} in '{path}': {said:.300}. If the file is damaged, 'labrun verify' finds that out, and the "
                "next run makes it again"
            ) from error

    def names(self, member: int) -> list[str]:
        """The arrays of a member."""
        with self._reading(member):
            return sorted(self._group(member))

    def shape(self, member: int, name: str) -> tuple[int, ...]:
        """The shape of an array, without reading it."""
        with self._reading(member):
            return tuple(self._array(member, name).shape)

    def read(self, member: int, name: str, selection: Any = ()) -> np.ndarray:
        """One array of a member, or the slice of it that `selection` names, read straight from the file.

        Raises:
            KeyError: the member has no such array.
            LabrunError: the file is damaged, or gone.
        """
        import numpy as np

        with self._reading(member):
            mapped = self._map(member, name)
            return self._array(member, name)[selection] if mapped is None else np.array(mapped[selection])

    def _map_array(self, member: int, name: str) -> np.ndarray | None:
        """An array that lies in its file as it does in memory; None for others, and for small ones."""
        import numpy as np

        array = self._array(member, name)
        path = self.folder / part_name(self._part_of[member])
        try:
            _expect_sound(array, name, path)
            start = array.id.get_offset()
            if start is None or array.nbytes < MAPPED_FROM:
                return None
            return np.memmap(path, array.dtype, "r", start, array.shape)
        except ValueError as error:
            raise OSError(str(error)) from error


def _reopened(folder: Path, part_of: dict[int, int]) -> StoredMembers:
    members = StoredMembers(folder, [])
    members._part_of = part_of
    return members


def _expect_sound(array: h5py.Dataset, name: str, path: Path) -> None:
    """Refuse what no simulation has written, but somebody else perhaps.

    Raises:
        ValueError: it is no array, lies in another file, holds objects (addresses in memory, once it is mapped), or claims too many bytes.
    """
    import h5py

    if not isinstance(array, h5py.Dataset) or array.dtype.hasobject:
        raise ValueError(f"'{name}' is no array of numbers")
    if h5py.h5f.get_name(array.id) != os.fsencode(path):
        raise ValueError(f"'{name}' leads to another file, which is not followed")
    expect_within(array)
    expect_plausible(f"'{name}'", array.nbytes, path.stat().st_size)

"""How members lie on disk: parts, each a closed HDF5 file with a receipt beside it.

A part holds some members of an ensemble, each a group under its number: `17/u` is the array `u` of member 17. Integers
and booleans are compressed, since they often hold few values; floating-point fields are not, so that a slice is read as
fast as the disk gives it: such an array is mapped into memory, and only what a slice touches is read (of 200³ cells, a plane across
the last axis in 0.2 ms; HDF5 takes 4 ms).

The receipt (`<part>.json`) is written after the part and says that it is whole: its size and SHA-256, and which members
failed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.files import expect_room, sha256_of, write_atomically

if TYPE_CHECKING:
    import h5py
    import numpy as np

    from labrun.plugin import Arrays

__all__ = ["Failure", "Receipt", "StoredMembers", "cut", "part_name", "read_receipt", "write_part"]

PARTS_AT_MOST = 256
MEMBERS_AT_MOST = 1024
TOGETHER_AT_MOST = 32
"""A part holds the members that make about `PARTS_AT_MOST` parts, and no more than these: some seconds of work, so that
a killed run loses little, and never so many files that a folder becomes slow. Of a group that shares its random numbers, a part holds
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
                        expect_room(path, array.nbytes)
                        group.create_dataset(name, data=array, **_layout(array))
        receipt = Receipt(temporary.stat().st_size, sha256_of(temporary), failures)
    with write_atomically(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(asdict(receipt), indent=1), encoding="utf-8")
    return receipt


def _layout(array: np.ndarray) -> dict[str, Any]:
    if array.dtype.kind not in "biu" or array.nbytes < 4096:
        return {}
    chunks = (1, *array.shape[1:]) if array.ndim > 2 else array.shape
    # level 4: lattices with a few states take 5 to 16 % less room than at level 1, for half as much time again (0.2 ms for 128×128 bytes)
    return {"chunks": chunks, "compression": "gzip", "compression_opts": 4, "shuffle": True}


def read_receipt(folder: Path, number: int) -> Receipt | None:
    """The receipt of a part, or None if the part is not there whole (size is compared, content is not)."""
    path = folder / part_name(number)
    try:
        fields = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        receipt = Receipt(fields["size"], fields["sha256"], [Failure(**failure) for failure in fields["failures"]])
        return receipt if path.stat().st_size == receipt.size else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_intact(folder: Path, number: int, receipt: Receipt) -> bool:
    """Whether the content of a part is the one that its receipt tells."""
    return sha256_of(folder / part_name(number)) == receipt.sha256


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
                    found._part_of |= {int(name): int(path.stem) for name in file}
                except ValueError:
                    problem = "parts are numbered, and hold members by their numbers"
                    raise ValueError(f"'{path}' is no part of an ensemble: {problem}") from None
        return found

    @property
    def numbers(self) -> list[int]:
        """The members that there are, in their order."""
        return sorted(self._part_of)

    def _open_part(self, number: int) -> h5py.File:
        import h5py

        return h5py.File(self.folder / part_name(number), "r", locking=False)

    def _group(self, member: int) -> h5py.Group:
        return self._open(self._part_of[member])[str(member)]

    def names(self, member: int) -> list[str]:
        """The arrays of a member."""
        return sorted(self._group(member))

    def shape(self, member: int, name: str) -> tuple[int, ...]:
        """The shape of an array, without reading it."""
        return tuple(self._group(member)[name].shape)

    def read(self, member: int, name: str, selection: Any = ()) -> np.ndarray:
        """One array of a member, or the slice of it that `selection` names, read straight from the file."""
        import numpy as np

        mapped = self._map(member, name)
        return self._group(member)[name][selection] if mapped is None else np.array(mapped[selection])

    def _map_array(self, member: int, name: str) -> np.ndarray | None:
        """An array that lies in its file as it does in memory; None for others, and for small ones."""
        import numpy as np

        array = self._group(member)[name]
        start = array.id.get_offset()
        if start is None or array.nbytes < MAPPED_FROM:
            return None
        path = self.folder / part_name(self._part_of[member])
        return np.memmap(path, array.dtype, "r", start, array.shape)

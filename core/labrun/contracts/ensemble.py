"""All members of one simulation: a table of parameters, and arrays that are read when they are used."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from labrun.contracts.plugin import Arrays

from labrun.contracts.card import HasCard
from labrun.faults import did_you_mean

__all__ = ["REPEAT", "Ensemble", "MembersInMemory"]

Made = TypeVar("Made")
Mapper: TypeAlias = "Callable[[Ensemble, Callable[[Ensemble, int], Any]], Iterator[Any]]"
"""Applies a function to every member and yields the results in order."""

REPEAT = "repeat"
"""The label that numbers the repeats of a row."""

BYTES_AT_ONCE = 2**24
"""The bytes that `planes` reads at once from an array with one byte per value."""


class Members(Protocol):
    """The source of an ensemble's arrays."""

    def names(self, member: int) -> list[str]: ...
    def shape(self, member: int, name: str) -> tuple[int, ...]: ...
    def read(self, member: int, name: str, selection: Any = ()) -> np.ndarray: ...
    def only(self, members: Sequence[int]) -> Members: ...


class Ensemble(HasCard):
    """The members of a simulation stage.

    `parameters` is a pandas DataFrame with one row per member: its swept parameters, and the labels of the sweep's table.
    `ensemble.member(i)` returns the arrays of member `i` as a dict; `ensemble.read(i, "u", np.s_[..., -1])` reads a slice of one array.
    Iterating yields member after member.
    """

    def __init__(
        self,
        members: Members,
        numbers: Sequence[int],
        columns: Mapping[str, Sequence[Any]],
        name: str = "",
        groups: Sequence[Any] | None = None,
        mapper: Mapper | None = None,
    ) -> None:
        """`numbers` are the members that exist (all but failed ones); `columns` and `groups` hold one value for each of them. Members with
        equal `groups` have drawn the same random numbers. `mapper` does the work of `map`; without one, a plain loop does."""
        self.name = name
        self.numbers = list(numbers)
        self._groups = list(groups) if groups is not None else list(range(len(self.numbers)))
        self.columns = {column: list(values) for column, values in columns.items()}
        self._members = members
        self._mapper = mapper
        self.key = ""
        """The key of the simulation, if it is known"""
        self.outputs: Mapping[str, str] = {}
        """The shape, type and unit of each array, as the simulator declares them."""
        self.labels: Mapping[str, str] = {}
        """The label of columns that have one: symbol and unit, as the project or the simulator gives them."""

    @classmethod
    def from_arrays(
        cls,
        arrays: Sequence[Arrays],
        columns: Mapping[str, Sequence[Any]],
        name: str = "",
        groups: Sequence[Any] | None = None,
    ) -> Ensemble:
        """Make an ensemble in memory, for tests and notebooks: `arrays` holds the arrays of each member, of any shape and unit, `columns`
        one value per member for each column."""
        return cls(MembersInMemory(dict(enumerate(arrays))), range(len(arrays)), columns, name, groups)

    def __len__(self) -> int:
        return len(self.numbers)

    def where(self, wanted: Mapping[str, Any]) -> np.ndarray:
        """Select the members whose columns have the wanted values, or one of them if a list is given: (members,) bool.

        Raises:
            KeyError: the table has no such column.
            ValueError: no member has these values.
        """
        import numpy as np

        chosen = np.ones(len(self), bool)
        for column, values in wanted.items():
            if column not in self.columns:
                raise KeyError(
                    f"the table of '{self.name}' has no column '{column}'{did_you_mean(column, self.columns)}"
                )
            options = values if isinstance(values, list) else [values]
            chosen &= np.array([value in options for value in self.columns[column]], bool)
        if not chosen.any():
            values = ", ".join(f"{column}: {values}" for column, values in wanted.items())
            raise ValueError(f"no member of '{self.name}' has {values}")
        return chosen

    def take(self, chosen: Any) -> Ensemble:
        """Return some of the members: `chosen` is (members,) bool, or a list or range of positions."""
        import numpy as np

        places = chosen if isinstance(chosen, range) else np.arange(len(self))[chosen].tolist()
        columns = {name: [values[i] for i in places] for name, values in self.columns.items()}
        numbers, groups = ([values[i] for i in places] for values in (self.numbers, self._groups))
        taken = Ensemble(self._members, numbers, columns, self.name, groups, self._mapper)
        taken._declared_as(self)
        return taken

    def _declared_as(self, other: Ensemble) -> None:
        self.outputs, self.labels, self.key = other.outputs, other.labels, other.key

    def label(self, column: str) -> str:
        """Return a column as axes and legends show it, with symbol and unit: `F [1/time]`; a column without a label by its name."""
        return self.labels.get(column, column.replace("_", " "))

    def with_numbers(self, names: Iterable[str]) -> Ensemble:
        """Return the ensemble with further columns: those arrays () of these names, one number a member, that are not columns already. So a
        file that knows its redshift needs no column for it.

        Raises:
            ValueError: a name is neither a column nor such an array.
        """
        columns = dict(self.columns)
        for name in names:
            if name in columns:
                continue
            if name not in self.names or any(self.shape(i, name) != () for i in range(len(self))):
                known = [*self.columns, *(other for other in self.names if self.shape(0, other) == ())]
                raise ValueError(
                    f"'{self.name}' has no column '{name}', and no array of this name with one number a member{did_you_mean(name, known)}"
                )
            columns[name] = [self.read(i, name).item() for i in range(len(self))]
        extended = Ensemble(self._members, self.numbers, columns, self.name, self._groups, self._mapper)
        extended._declared_as(self)
        return extended

    def packed(self, *, inline: bool) -> Ensemble:
        """Prepare this ensemble to be sent to another process: with its arrays if `inline`, else with their location."""
        members: Members = self._members.only(self.numbers)
        if inline:
            members = MembersInMemory({number: self.member(i) for i, number in enumerate(self.numbers)})
        packed = Ensemble(members, self.numbers, self.columns, self.name, self._groups)
        packed._declared_as(self)
        return packed

    def map(self, function: Callable[[Ensemble, int], Made]) -> Iterator[Made]:
        """Yield `function(ensemble, i)` for every member, in order. The result is the same for any number of workers.

        If this takes some time, a run gives it to its workers, a few members at once. So `function` must be a function of a module, a
        method of a plugin, or a `functools.partial` of one, and return arrays, numbers, tables or dicts of them. The `ensemble` that it
        receives may hold only some of the members, and `i` is a position in that one: read everything about the member from it, as in
        `ensemble.numbers[i]`. The function computes with one thread.

        Raises:
            TypeError: `function` cannot be sent to a worker.
            Exception: whatever `function` raises.
        """
        if self._mapper is None:
            return (function(self, i) for i in range(len(self)))
        return self._mapper(self, function)

    @property
    def parameters(self) -> pd.DataFrame:
        """The table of the sweep: one row per member, one column for each swept parameter and label."""
        import pandas as pd

        return pd.DataFrame(self.columns, index=pd.Index(self.numbers, name="member"))

    @property
    def groups(self) -> np.ndarray:
        """The group of each member, (members,) int64: members of one group (one sky, one start) share their random numbers, by `seed_by` of
        the sweep. Without `seed_by`, each member is a group of its own."""
        import numpy as np

        known: dict[Any, int] = {}
        return np.array([known.setdefault(group, len(known)) for group in self._groups], np.int64)

    @property
    def names(self) -> list[str]:
        """The names of the arrays."""
        return self._members.names(self.numbers[0]) if self.numbers else []

    def shape(self, i: int, name: str) -> tuple[int, ...]:
        """Return the shape of one array of member `i`, without reading it.

        Raises:
            KeyError: the members have no such array.
        """
        try:
            return self._members.shape(self.numbers[i], name)
        except KeyError:
            raise self._unknown(name) from None

    def read(self, i: int, name: str, selection: Any = ()) -> np.ndarray:
        """Read the array `name` of member `i`, or a slice of it by `selection`, in the shape and unit that the simulator declares.

        Raises:
            KeyError: the members have no such array.
        """
        try:
            return self._members.read(self.numbers[i], name, selection)
        except KeyError:
            raise self._unknown(name) from None

    def _unknown(self, name: str) -> KeyError:
        return KeyError(f"the simulation '{self.name}' gives no array '{name}'; it gives {', '.join(self.names)}")

    def stack(self, indices: np.ndarray, name: str) -> np.ndarray:
        """Read the array `name` of several members, (members, …), in its unit."""
        import numpy as np

        return np.stack([self.read(int(i), name) for i in indices])

    def array(self, name: str, selection: Any = ()) -> np.ndarray:
        """Read the array `name` of all members, (members, …), or a slice of each by `selection`, so that only a part of a large array is
        read.

        Raises:
            KeyError: the members have no such array.
            ValueError: its shape differs between members.
        """
        import numpy as np

        arrays = [self.read(i, name, selection) for i in range(len(self))]
        shapes = {array.shape: self.numbers[i] for i, array in enumerate(arrays)}
        if len(shapes) > 1:
            found = ", ".join(f"{shape} in member {number}" for shape, number in list(shapes.items())[:3])
            raise ValueError(
                f"the shape of '{name}' differs between members of '{self.name}' ({found}): read member by member, or a slice that all have"
            )
        return np.stack(arrays)

    def planes(self, i: int, name: str, every: int = 1) -> Iterator[np.ndarray]:
        """Yield planes 0, `every`, 2 `every`, … of the array `name` of member `i`, (height, width) each, reading some at a time.

        Raises:
            ValueError: the array is not (planes, height, width), or is empty.
        """
        shape = self.shape_of_planes(i, name)
        step = every * max(1, BYTES_AT_ONCE // math.prod(shape[1:]))
        for first in range(0, shape[0], step):
            yield from self.read(i, name, slice(first, first + step, every))

    def shape_of_planes(self, i: int, name: str) -> tuple[int, ...]:
        """Return the shape of the array `name` of member `i`, (planes, height, width).

        Raises:
            ValueError: the array does not have three axes, or is empty.
        """
        shape = self.shape(i, name)
        if len(shape) != 3 or 0 in shape:
            raise ValueError(
                f"'{name}' of member {self.numbers[i]} of '{self.name}' has the shape {shape}; expected (snapshots, height, width), "
                "none of them 0: name another array, or simulate with snapshots"
            )
        return shape

    def member(self, i: int) -> Arrays:
        """Read all arrays of member `i`, by name, in the shapes and units that the simulator declares."""
        return {name: self.read(i, name) for name in self._members.names(self.numbers[i])}

    def __iter__(self) -> Iterator[Arrays]:
        return (self.member(i) for i in range(len(self)))

    def __repr__(self) -> str:
        arrays = ", ".join(f"{name} {self.shape(0, name)}" for name in self.names)
        return f"<Ensemble {self.name}: {len(self)} members; arrays {arrays}; columns {', '.join(self.columns)}>"


class MembersInMemory:
    """Members in memory, by their numbers."""

    def __init__(self, arrays: Mapping[int, Arrays]) -> None:
        self._arrays = arrays

    def only(self, members: Sequence[int]) -> MembersInMemory:
        """Return some of the members."""
        return MembersInMemory({member: self._arrays[member] for member in members})

    def names(self, member: int) -> list[str]:
        return sorted(self._arrays[member])

    def shape(self, member: int, name: str) -> tuple[int, ...]:
        return self._arrays[member][name].shape

    def read(self, member: int, name: str, selection: Any = ()) -> np.ndarray:
        return self._arrays[member][name][selection]

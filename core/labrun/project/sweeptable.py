"""The table of a sweep: one row a member, with its parameters and labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from labrun.faults import LabrunError, Place
from labrun.project.yaml12 import KeyPath

__all__ = ["Origin", "SweepError", "SweepTable", "Where", "distinct_rows"]

Where: TypeAlias = "KeyPath | Place"
"""A part of the sweep as it is written in the project, or a place in its CSV file."""


class SweepError(LabrunError):
    """A sweep that makes no table. `where` is the part of the sweep that is to blame, or the place in its CSV file."""

    exit_code = 2

    def __init__(self, message: str, where: Where = ()) -> None:
        super().__init__(message)
        self.where = where


@dataclass(frozen=True)
class Origin:
    """The places of a table's values: `cell` finds it for a row and a column, `heading` for the name of a column."""

    cell: Callable[[int, str], Where] = lambda row, column: ()
    heading: Callable[[str], Where] = lambda column: ()
    has_rows: bool = False
    """Whether somebody has written rows, so that messages count them."""


@dataclass
class SweepTable:
    """One value a member for each swept parameter and each label."""

    parameters: dict[str, list[Any]] = field(default_factory=dict)
    labels: dict[str, list[Any]] = field(default_factory=dict)
    size: int = 1
    origin: Origin = Origin()
    row_of: Sequence[int] | None = None
    """The row that each member comes from, where rows are repeated or left out."""
    seed_by: tuple[str, ...] | None = None
    remarks: tuple[str, ...] = ()
    """Warnings about the table: rows that were left out."""

    def where(self, member: int, column: str = "") -> Where:
        """Return where the value of a member stands; without a column, all of its row."""
        return self.origin.cell(self._row(member), column)

    def called(self, member: int) -> str:
        """Name a member: by its row as a person counts, or by its number."""
        return f"row {self._row(member) + 1}" if self.origin.has_rows else f"member {member}"

    def _row(self, member: int) -> int:
        return member if self.row_of is None else self.row_of[member]

    def row(self, member: int) -> dict[str, Any]:
        """Return the swept parameters of one member."""
        return {name: values[member] for name, values in self.parameters.items()}

    @property
    def columns(self) -> dict[str, list[Any]]:
        """Parameters and labels together."""
        return self.parameters | self.labels

    def make_whole(self, names: Iterable[str]) -> None:
        """Turn numbers such as 8.0 in the rows of these parameters into whole ones: spreadsheets write them so."""
        for name in {*names} & self.parameters.keys() if self.origin.has_rows else ():
            self.parameters[name] = [
                int(value) if type(value) is float and value.is_integer() else value for value in self.parameters[name]
            ]

    def groups(self) -> list[tuple[Any, ...]] | None:
        """Return what the members' random numbers depend on, where `seed_by` names columns."""
        if self.seed_by is None:
            return None
        columns = [self.columns[name] for name in self.seed_by]
        return [tuple(map(_hashable, values)) for values in zip(*columns, strict=True)] if columns else [()] * self.size


def _hashable(value: Any) -> Any:
    return repr(value) if isinstance(value, (list, dict)) else value


def distinct_rows(table: SweepTable) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the first member of every distinct row, and the row: what must be validated. 1, 1.0 and True are distinct."""
    if not table.parameters:
        yield 0, {}
        return
    seen: dict[tuple[type, ...], set[Any]] = {}
    for member, values in enumerate(zip(*table.parameters.values(), strict=True)):
        kinds = (*map(type, values),)
        key = repr(values) if list in kinds or dict in kinds else values
        alike = seen.setdefault(kinds, set())
        if key not in alike:
            alike.add(key)
            yield member, dict(zip(table.parameters, values, strict=True))

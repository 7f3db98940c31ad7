"""The table of a sweep: one row a member, with its parameters and labels."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from labrun.contracts.ensemble import REPEAT
from labrun.faults import LabrunError, Place, did_you_mean
from labrun.files.digests import cached_sha256
from labrun.project.csvtable import CsvTable, TableError
from labrun.project.file_digests import digest_field
from labrun.project.filepatterns import PatternError, find_files, join_files
from labrun.project.own_files import outside_project
from labrun.project.sweep import MAX_CELLS, MAX_MEMBERS, Random, Range, Sweep
from labrun.project.yaml12 import KeyPath
from labrun.seeds import generator

__all__ = ["SweepError", "SweepTable", "distinct_rows", "tabulate"]


class SweepError(LabrunError):
    """A sweep that makes no table. `where` is the part of the sweep that is to blame, or the place in its CSV file."""

    exit_code = 2

    def __init__(self, message: str, where: KeyPath | Place = ()) -> None:
        super().__init__(message)
        self.where = where


Where: TypeAlias = "KeyPath | Place"
"""A part of the sweep as it is written in the project, or a place in its CSV file."""


@dataclass(frozen=True)
class Origin:
    """Where the values of a table come from: `cell` tells it from row and column, `heading` where a column is named."""

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
    """The row that each member comes from, where rows are repeated."""
    seed_by: tuple[str, ...] | None = None

    def where(self, member: int, column: str = "") -> Where:
        """Where the value of a member stands; without a column, all of its row."""
        return self.origin.cell(self.row_of[member] if self.row_of else member, column)

    def called(self, member: int) -> str:
        """A member in words: by its row as a person counts, or by its number."""
        row = self.row_of[member] if self.row_of else member
        return f"row {row + 1}" if self.origin.has_rows else f"member {member}"

    def row(self, member: int) -> dict[str, Any]:
        """The swept parameters of one member."""
        return {name: values[member] for name, values in self.parameters.items()}

    @property
    def columns(self) -> dict[str, list[Any]]:
        """Parameters and labels together."""
        return self.parameters | self.labels

    def groups(self) -> list[tuple[Any, ...]] | None:
        """What the members' random numbers depend on, where `seed_by` names columns."""
        if self.seed_by is None:
            return None
        columns = [self.columns[name] for name in self.seed_by]
        return [tuple(map(_hashable, values)) for values in zip(*columns, strict=True)] if columns else [()] * self.size


def _hashable(value: Any) -> Any:
    return repr(value) if isinstance(value, (list, dict)) else value


def tabulate(sweep: Sweep, folder: Path, seed: int, stage: str) -> SweepTable:
    """Make the table of a sweep. Tables lie relative to `folder`, files relative to the working directory;
    `seed` and `stage` serve random sweeps.

    Raises:
        SweepError: a file or a column is missing, a row is wrong, or there is no member.
    """
    if sweep.table is not None:
        table = _from_table(sweep, sweep.table, folder)
    elif sweep.files is not None:
        table = _from_files(sweep, sweep.files)
    elif sweep.random is not None:
        table = _draw(sweep.random, seed, stage)
    else:
        table = _from_grid(sweep.grid or {})
    if not isinstance(sweep.repeats, str):
        table = _repeated(table, itertools.repeat(sweep.repeats, table.size), table.size * sweep.repeats)
    if not table.size:
        raise SweepError("the sweep is empty: it makes no member", ("table" if sweep.table is not None else "grid",))
    for i, name in enumerate(sweep.seed_by or ()):
        if name not in table.columns:
            raise SweepError(f"'seed_by' names '{name}'{did_you_mean(name, table.columns)}", ("seed_by", i))
    table.seed_by = tuple(sweep.seed_by) if sweep.seed_by is not None else None
    return table


def _from_grid(grid: dict[str, Range | list[Any]]) -> SweepTable:
    """The product of all axes; the last varies fastest."""
    axes = {name: values.values() if isinstance(values, Range) else values for name, values in grid.items()}
    size = math.prod(len(values) for values in axes.values())
    if size > MAX_MEMBERS:
        raise SweepError(f"the grid has more than {MAX_MEMBERS:,} members", ("grid",))
    _expect_cells(size, len(axes), "grid")
    columns: dict[str, list[Any]] = {}
    strides: dict[str, int] = {}
    stride = size
    for name, values in axes.items():
        stride //= len(values) or 1
        one_cycle = [value for value in values for _ in range(stride)]
        columns[name] = one_cycle * (size // len(one_cycle) if one_cycle else 0)
        strides[name] = stride

    def cell(member: int, name: str) -> KeyPath:
        listed = isinstance(grid.get(name), list)
        return ("grid", name, *([member // strides[name] % len(axes[name])] if listed else []))

    return SweepTable(columns, {}, size, Origin(cell, lambda name: ("grid", name)))


def _expect_cells(members: int, columns: int, kind: str) -> None:
    if members * columns > MAX_CELLS:
        raise SweepError(
            f"{members:,} members with {columns:,} columns are more than {MAX_CELLS:,} values: fix what does not vary under 'with'",
            (kind,),
        )


def _draw(random: Random, seed: int, stage: str) -> SweepTable:
    rng = generator(seed, stage, "sweep")
    dimensions = len(random.columns)
    _expect_cells(random.count, dimensions, "random")
    if random.method == "uniform":
        unit = rng.random((random.count, dimensions))
    else:
        from scipy.stats import qmc

        if random.method == "latin_hypercube":
            unit = qmc.LatinHypercube(dimensions, rng=rng).random(random.count)
        else:
            exponent = (random.count - 1).bit_length()
            unit = qmc.Sobol(dimensions, rng=rng).random_base2(exponent)[: random.count]
    columns = {name: list(interval.spread(unit[:, i])) for i, (name, interval) in enumerate(random.columns.items())}
    origin = Origin(lambda member, name: ("random", "columns", name), lambda name: ("random", "columns", name))
    return SweepTable(columns, {}, random.count, origin)


def _from_table(sweep: Sweep, table: str | list[dict[str, Any]], folder: Path) -> SweepTable:
    if isinstance(table, str):
        if problem := outside_project(folder / table, folder):
            raise SweepError(f"the table {folder / table}: {problem}", ("table",))
        try:
            csv_table = CsvTable.read(folder / table)
        except TableError as error:
            raise SweepError(str(error), error.place or ("table",)) from error
        name, header, rows = f"the table {folder / table}", csv_table.header, csv_table.rows
        origin = Origin(csv_table.place, csv_table.heading, has_rows=True)
    else:
        name, header = "the table", list(table[0]) if table else []
        for i, row in enumerate(table):
            if set(row) != set(header):
                message = f"row {i + 1} has the columns {', '.join(row)}; the first has {', '.join(header)}"
                raise SweepError(message, ("table", i))
        rows = [[row[column] for column in header] for row in table]
        origin = Origin(lambda row, column: ("table", row, column), lambda column: ("table", 0, column), has_rows=True)
    if not rows:
        raise SweepError(f"the sweep is empty: {name} has no rows", ("table",))
    columns = dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))
    return _with_roles(sweep, name, columns, len(rows), origin)


def _from_files(sweep: Sweep, patterns: dict[str, str]) -> SweepTable:
    """A row for each file, or for files that belong together: their paths and digests, and as labels what their names say."""
    found = {}
    for column, pattern in patterns.items():
        try:
            found[column] = find_files(pattern, Path())
        except PatternError as error:
            raise SweepError(str(error), ("files", column)) from error
    try:
        rows = join_files(found)
    except PatternError as error:
        raise SweepError(str(error), ("files",)) from error
    parameters: dict[str, list[Any]] = {}
    labels: dict[str, list[Any]] = {}
    for column in patterns:
        parameters[column] = [row[column].path for row in rows]
        parameters[digest_field(column)] = [_digest(row[column].path, column) for row in rows]
        for name in found[column][0].values:
            labels[name] = [row[column].values[name] for row in rows]
    if clash := sorted(set(parameters) & set(labels)):
        raise SweepError(f"'{clash[0]}' is a column of files: call what the names say otherwise", ("files",))
    for i, name in enumerate(sweep.columns or ()):
        if name not in labels:
            raise SweepError(f"the files' names give no column '{name}'{did_you_mean(name, labels)}", ("columns", i))
        parameters[name] = labels.pop(name)
    origin = Origin(lambda row, column: ("files",), lambda column: ("files",))
    return SweepTable(parameters, labels, len(rows), origin)


def _digest(path: str, column: str) -> str:
    try:
        return cached_sha256(Path(path))
    except OSError as error:
        raise SweepError(f"cannot read '{path}': {error.strerror}", ("files", column)) from error


def _with_roles(sweep: Sweep, name: str, given: dict[str, list[Any]], size: int, origin: Origin) -> SweepTable:
    """Tell the columns of a table apart: parameters, labels, and the one that says how often a row is repeated."""
    repeats = sweep.repeats if isinstance(sweep.repeats, str) else None
    other = {*sweep.labels, repeats}
    parameters = sweep.columns if sweep.columns is not None else [column for column in given if column not in other]
    roles: list[tuple[KeyPath, str]] = [(("columns", i), column) for i, column in enumerate(sweep.columns or ())]
    roles += [(("labels", i), column) for i, column in enumerate(sweep.labels)]
    roles += [(("repeats",), repeats)] if repeats else []
    for path, column in roles:
        if column not in given:
            raise SweepError(f"{name} has no column '{column}'{did_you_mean(column, given)}", path)
    table = SweepTable({n: given[n] for n in parameters}, {n: given[n] for n in sweep.labels}, size, origin)
    if repeats is None:
        return table
    for row, count in enumerate(given[repeats]):
        if type(count) is not int or not 0 <= count <= MAX_MEMBERS:
            message = f"row {row + 1}: the column '{repeats}' must hold whole numbers, not {count!r:.60}"
            raise SweepError(message, origin.cell(row, repeats))
    return _repeated(table, given[repeats], sum(given[repeats]))


def _repeated(table: SweepTable, repeats: Any, size: int) -> SweepTable:
    """Every row `repeats` times, one after the other; the label `repeat` counts them from 0."""
    if size > MAX_MEMBERS:
        raise SweepError(f"the sweep has more than {MAX_MEMBERS:,} members", ("repeats",))
    counts = list(repeats)
    if all(count == 1 for count in counts):
        return table
    _expect_cells(size, len(table.columns), "repeats")
    if REPEAT in table.columns:
        raise SweepError(f"a column cannot be called '{REPEAT}': repeats are counted under that name", ("repeats",))
    row_of = [row for row, count in enumerate(counts) for _ in range(count)]

    def spread(columns: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        return {name: [values[row] for row in row_of] for name, values in columns.items()}

    labels = spread(table.labels) | {REPEAT: [i for count in counts for i in range(count)]}
    return SweepTable(spread(table.parameters), labels, size, table.origin, row_of)


def distinct_rows(table: SweepTable) -> Iterator[tuple[int, dict[str, Any]]]:
    """The first member of every distinct row, and the row: what must be validated."""
    if not table.parameters:
        yield 0, {}
        return
    seen: set[str] = set()
    for member, values in enumerate(zip(*table.parameters.values(), strict=True)):
        text = repr(values)  # tells 1 from 1.0, True and '1'
        if text not in seen:
            seen.add(text)
            yield member, dict(zip(table.parameters, values, strict=True))

"""Make the table of a sweep from a grid, a table, files, or random draws.

A source knows the names of its parameters before it makes rows, so that a misspelt one is found at once even where millions of rows follow.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labrun.contracts.ensemble import REPEAT
from labrun.faults import did_you_mean
from labrun.files.digests import cached_sha256
from labrun.project.adaptive import LABELS, Adaptive
from labrun.project.csvtable import CsvTable, TableError
from labrun.project.file_digests import digest_field
from labrun.project.filepatterns import FoundFile, PatternError, find_files, join_files
from labrun.project.missing import NULLS, expect_complete
from labrun.project.own_files import outside_project
from labrun.project.ranges import MAX_MEMBERS, Range
from labrun.project.rounds import first_round, table_of
from labrun.project.sweep import MAX_CELLS, Random, Sweep
from labrun.project.sweeptable import Origin, SweepError, SweepTable, Where
from labrun.project.yaml12 import KeyPath
from labrun.seeds import generator

__all__ = ["Source", "open_sweep", "tabulate"]


class Source(ABC):
    """The sources of the rows of a sweep."""

    parameters: Sequence[str]

    @abstractmethod
    def heading(self, column: str) -> Where:
        """Return where a column is named."""

    @abstractmethod
    def rows(self) -> SweepTable:
        """Make the rows, each once."""


def open_sweep(sweep: Sweep, folder: Path, seed: int, stage: str) -> Source:
    """Open the source of a sweep: read its table or find its files. Tables lie relative to `folder`, files relative to the working
    directory; `seed` and `stage` serve random sweeps.

    Raises:
        SweepError: a file or a column is missing, or a table cannot be read.
    """
    if sweep.table is not None:
        return _TableRows.open(sweep, sweep.table, folder)
    if sweep.files is not None:
        return _Files.find(sweep, sweep.files)
    if sweep.random is not None:
        return _Draws(sweep.random, seed, stage)
    if sweep.adaptive is not None:
        return _FirstRound(sweep.adaptive, seed, stage)
    return _Grid(sweep.grid or {})


def tabulate(sweep: Sweep, source: Source) -> SweepTable:
    """Make the table of a sweep.

    Raises:
        SweepError: a value is missing, a row is wrong, or there is no member.
    """
    table = source.rows()
    if not isinstance(sweep.repeats, str):
        table = _repeated(table, itertools.repeat(sweep.repeats, table.size), table.size * sweep.repeats)
    if not table.size:
        raise SweepError("the sweep is empty: it makes no member", ("table" if sweep.table is not None else "grid",))
    known = [name for name in table.columns if sweep.adaptive is None or name not in LABELS]
    for i, name in enumerate(sweep.seed_by or ()):
        if name not in known:
            raise SweepError(f"'seed_by' names '{name}'{did_you_mean(name, known)}", ("seed_by", i))
    table.seed_by = tuple(sweep.seed_by) if sweep.seed_by is not None else None
    return table


class _Grid(Source):
    """The product of all axes; the last varies fastest."""

    def __init__(self, grid: dict[str, Range | list[Any]]) -> None:
        self.grid = grid
        self.parameters = list(grid)

    def heading(self, column: str) -> Where:
        return "grid", column

    def rows(self) -> SweepTable:
        axes = {name: axis.values() if isinstance(axis, Range) else axis for name, axis in self.grid.items()}
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
            listed = isinstance(self.grid.get(name), list)
            return ("grid", name, *([member // strides[name] % len(axes[name])] if listed else []))

        return SweepTable(columns, {}, size, Origin(cell, self.heading))


class _Draws(Source):
    """Members drawn at random."""

    def __init__(self, random: Random, seed: int, stage: str) -> None:
        self.random = random
        self.seed = seed
        self.stage = stage
        self.parameters = list(random.columns)

    def heading(self, column: str) -> Where:
        return "random", "columns", column

    def rows(self) -> SweepTable:
        random, dimensions = self.random, len(self.random.columns)
        _expect_cells(random.count, dimensions, "random")
        rng = generator(self.seed, self.stage, "sweep")
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
        return SweepTable(columns, {}, random.count, Origin(lambda member, name: self.heading(name), self.heading))


class _FirstRound(Source):
    """The first round of an adaptive sweep: all that is known before anything has run."""

    def __init__(self, adaptive: Adaptive, seed: int, stage: str) -> None:
        self.adaptive = adaptive
        self.first = first_round(adaptive, seed, stage)
        self.parameters = list(adaptive.columns)

    def heading(self, column: str) -> Where:
        return "adaptive", "columns", column

    def rows(self) -> SweepTable:
        return table_of(self.adaptive, [self.first])


@dataclass
class _TableRows(Source):
    """The rows of a CSV file, or rows in line. A column is a parameter, a label, or the number of repeats."""

    sweep: Sweep
    name: str
    columns: dict[str, list[Any]]
    size: int
    origin: Origin
    parameters: Sequence[str]
    is_file: bool

    @classmethod
    def open(cls, sweep: Sweep, table: str | list[dict[str, Any]], folder: Path) -> _TableRows:
        name, columns, size, origin = _read_csv(folder, table) if isinstance(table, str) else _read_inline(table)
        if not size:
            raise SweepError(f"the sweep is empty: {name} has no rows", ("table",))
        repeats = sweep.repeats if isinstance(sweep.repeats, str) else None
        others = {*sweep.labels, repeats}
        parameters = sweep.columns if sweep.columns is not None else [c for c in columns if c not in others]
        roles: list[tuple[KeyPath, str]] = [(("columns", i), column) for i, column in enumerate(sweep.columns or ())]
        roles += [(("labels", i), column) for i, column in enumerate(sweep.labels)]
        roles += [(("repeats",), repeats)] if repeats else []
        for path, column in roles:
            if column not in columns:
                raise SweepError(f"{name} has no column '{column}'{did_you_mean(column, columns)}", path)
        return cls(sweep, name, columns, size, origin, parameters, isinstance(table, str))

    def heading(self, column: str) -> Where:
        return self.origin.heading(column)

    def rows(self) -> SweepTable:
        parameters = {name: self.columns[name] for name in self.parameters}
        labels = {name: self.columns[name] for name in self.sweep.labels}
        table = SweepTable(parameters, labels, self.size, self.origin)
        complete = [*labels, *(parameters if self.is_file else ())]  # in line, null is a value of a parameter
        table = expect_complete(table, self.name, complete, drop=self.sweep.missing == "drop")
        if self.is_file:
            table.parameters = {name: _with_nulls(values) for name, values in table.parameters.items()}
        if not isinstance(self.sweep.repeats, str):
            return table
        repeats = [self.columns[self.sweep.repeats][row] for row in table.row_of or range(self.size)]
        counts = [self._count(table, member, self.sweep.repeats, value) for member, value in enumerate(repeats)]
        return _repeated(table, counts, sum(counts))

    def _count(self, table: SweepTable, member: int, column: str, value: Any) -> int:
        count = int(value) if isinstance(value, float) and value.is_integer() else value  # Excel writes 3.0
        if type(count) is not int or not 0 <= count <= MAX_MEMBERS:
            message = f"{table.called(member)}: the column '{column}' must hold whole numbers, not {value!r:.60}"
            raise SweepError(message, table.where(member, column))
        return count


def _with_nulls(values: list[Any]) -> list[Any]:
    """Let `null` in a CSV file mean that an optional parameter is not set."""
    return (
        [None if type(value) is str and value.lower() in NULLS else value for value in values]
        if str in set(map(type, values))
        else values
    )


def _read_csv(folder: Path, path: str) -> tuple[str, dict[str, list[Any]], int, Origin]:
    if problem := outside_project(folder / path, folder):
        raise SweepError(f"the table {folder / path}: {problem}", ("table",))
    try:
        table = CsvTable.read(folder / path)
    except TableError as error:
        raise SweepError(str(error), error.place or ("table",)) from error
    return f"the table {folder / path}", table.columns, len(table), Origin(table.place, table.heading, has_rows=True)


def _read_inline(rows: list[dict[str, Any]]) -> tuple[str, dict[str, list[Any]], int, Origin]:
    header = list(rows[0]) if rows else []
    for i, row in enumerate(rows):
        if set(row) != set(header):
            message = f"row {i + 1} has the columns {', '.join(row)}; the first has {', '.join(header)}"
            raise SweepError(message, ("table", i))
    columns = {column: [row[column] for row in rows] for column in header}
    origin = Origin(lambda row, column: ("table", row, column), lambda column: ("table", 0, column), has_rows=True)
    return "the table", columns, len(rows), origin


@dataclass
class _Files(Source):
    """Files, or files that belong together: their paths and digests, and as labels what their names say."""

    parameters: Sequence[str]
    columns: dict[str, list[Any]]
    size: int

    @classmethod
    def find(cls, sweep: Sweep, patterns: dict[str, str]) -> _Files:
        found: dict[str, list[FoundFile]] = {}
        for column, pattern in patterns.items():
            try:
                found[column] = find_files(pattern, Path())
            except PatternError as error:
                raise SweepError(str(error), ("files", column)) from error
        try:
            rows = join_files(found)
        except PatternError as error:
            raise SweepError(str(error), ("files",)) from error
        columns: dict[str, list[Any]] = {}
        for column in patterns:
            columns[column] = [row[column].path for row in rows]
            columns[digest_field(column)] = [_digest(row[column].path, column) for row in rows]
        parameters = list(columns)
        for column in patterns:
            for name in found[column][0].values:
                if name in parameters:
                    raise SweepError(f"'{name}' is a column of files: choose another name in the pattern", ("files",))
                columns[name] = [row[column].values[name] for row in rows]
        for i, name in enumerate(sweep.columns or ()):
            if name not in columns or name in parameters:
                hint = did_you_mean(name, [column for column in columns if column not in parameters])
                raise SweepError(f"the files' names give no column '{name}'{hint}", ("columns", i))
        return cls([*parameters, *(sweep.columns or ())], columns, len(rows))

    def heading(self, column: str) -> Where:
        return ("files",)

    def rows(self) -> SweepTable:
        labels = {name: values for name, values in self.columns.items() if name not in self.parameters}
        parameters = {name: self.columns[name] for name in self.parameters}
        return SweepTable(parameters, labels, self.size, Origin(lambda row, column: ("files",), self.heading))


def _digest(path: str, column: str) -> str:
    try:
        return cached_sha256(Path(path))
    except OSError as error:
        raise SweepError(f"cannot read '{path}': {error.strerror}", ("files", column)) from error


def _expect_cells(members: int, columns: int, kind: str) -> None:
    if members * columns > MAX_CELLS:
        raise SweepError(
            f"{members:,} members with {columns:,} columns are more than {MAX_CELLS:,} values: fix what does not vary under 'with'",
            (kind,),
        )


def _repeated(table: SweepTable, repeats: Any, size: int) -> SweepTable:
    """Repeat every row as often as `repeats` says, one after the other; the label `repeat` counts them from 0."""
    if size > MAX_MEMBERS:
        raise SweepError(f"the sweep has more than {MAX_MEMBERS:,} members", ("repeats",))
    counts = list(repeats)
    if all(count == 1 for count in counts):
        return table
    _expect_cells(size, len(table.columns), "repeats")
    if REPEAT in table.columns:
        raise SweepError(f"a column cannot be called '{REPEAT}': repeats are counted under that name", ("repeats",))
    index = [row for row, count in enumerate(counts) for _ in range(count)]

    def spread(columns: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        return {name: [values[row] for row in index] for name, values in columns.items()}

    labels = spread(table.labels) | {REPEAT: [i for count in counts for i in range(count)]}
    row_of = index if table.row_of is None else [table.row_of[row] for row in index]
    return SweepTable(spread(table.parameters), labels, size, table.origin, row_of, remarks=table.remarks)

"""Sweeps: the table of parameters of a simulation, one row a member."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from labrun.faults import Fault, LabrunError, Place, did_you_mean
from labrun.seeds import generator
from labrun.yaml12 import parse_scalar

__all__ = ["Sweep", "SweepError", "SweepTable", "tabulate"]

MAX_MEMBERS = 20_000_000


class SweepError(LabrunError):
    """A sweep that makes no table; `field` is the key of the sweep that is to blame, `fault` has a place of its own if
    it can."""

    exit_code = 2

    def __init__(self, message: str, *, field: str = "", place: Place | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.fault = Fault(message, place) if place else None


class _Block(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Range(_Block):
    """Evenly spaced values: `from` to `to` (which is included where a step lands on it) by `step`, or `count` of them."""

    from_: float = Field(alias="from", description="first value")
    to: float = Field(description="last value")
    step: float | None = Field(None, gt=0, description="distance of two values")
    count: int | None = Field(None, ge=2, description="how many values")
    scale: Literal["linear", "log"] = Field("linear", description="spacing of the values")

    @model_validator(mode="after")
    def _check(self) -> Range:
        if (self.step is None) == (self.count is None):
            raise ValueError("give either 'step' or 'count'")
        if self.to < self.from_:
            raise ValueError(f"'to' ({self.to}) is below 'from' ({self.from_})")
        if self.scale == "log" and (self.step is not None or self.from_ <= 0):
            raise ValueError("a log range needs 'count' and positive ends")
        return self

    def values(self) -> list[float]:
        """The values; steps are added in decimal arithmetic, so that 0.03 + 3 × 0.01 is 0.06."""
        if self.step is not None:
            start, step = Decimal(repr(self.from_)), Decimal(repr(self.step))
            count = int((Decimal(repr(self.to)) - start) / step) + 1
            if count > MAX_MEMBERS:
                raise SweepError(f"the range has {count:,} values; at most {MAX_MEMBERS:,} are possible")
            return [float(start + i * step) for i in range(count)]
        import numpy as np

        spaced = np.geomspace if self.scale == "log" else np.linspace
        return [float(v) for v in spaced(self.from_, self.to, self.count or 2)]


class Interval(_Block):
    """An interval to draw from."""

    from_: float = Field(alias="from", description="lower end")
    to: float = Field(description="upper end")
    scale: Literal["linear", "log"] = Field("linear", description="uniform in the value or in its logarithm")
    whole: bool = Field(False, description="whole numbers only, both ends included")

    @model_validator(mode="after")
    def _check(self) -> Interval:
        if self.to <= self.from_:
            raise ValueError(f"'to' ({self.to}) must be above 'from' ({self.from_})")
        if self.scale == "log" and self.from_ <= 0:
            raise ValueError("a log scale needs positive ends")
        return self


class Random(_Block):
    """Members drawn at random, or spread evenly by a Latin hypercube or a Sobol sequence (`scipy.stats.qmc`)."""

    count: int = Field(ge=1, le=MAX_MEMBERS, description="how many members")
    method: Literal["uniform", "latin_hypercube", "sobol"] = Field("uniform", description="how they are spread")
    columns: dict[str, Interval] = Field(min_length=1, description="an interval for each parameter")


def _as_list(value: Any) -> Any:
    return value if isinstance(value, (list, dict)) else [value]


Values = Annotated[Range | list[Any], BeforeValidator(_as_list)]


class Sweep(_Block):
    """The rows of a simulation: one of `grid`, `table` and `random`."""

    grid: dict[str, Values] | None = Field(None, description="the product of the values of each parameter")
    table: str | list[dict[str, Any]] | None = Field(None, description="a CSV file beside the project, or rows in line")
    random: Random | None = Field(None, description="members drawn at random")
    columns: list[str] | None = Field(
        None, description="columns of the table that are parameters (default: all but labels)"
    )
    labels: list[str] = Field(default=[], description="columns of the table that are kept, not simulated with")
    repeats: int | str = Field(
        1, description="members for each row: a number, or the column of the table that holds it"
    )
    seed_by: list[str] | None = Field(
        None, description="members that agree in these columns draw the same random numbers"
    )

    @model_validator(mode="after")
    def _check(self) -> Sweep:
        given = [kind for kind in ("grid", "table", "random") if getattr(self, kind) is not None]
        if len(given) > 1:
            raise ValueError(f"give one of 'grid', 'table' and 'random', not {' and '.join(given)}")
        if self.table is None and (self.columns is not None or self.labels or isinstance(self.repeats, str)):
            raise ValueError("'columns', 'labels' and a column of repeats go with a 'table'")
        return self


@dataclass
class SweepTable:
    """One value a member for each swept parameter and each label; `origin` tells where a member's row stands."""

    parameters: dict[str, list[Any]] = field(default_factory=dict)
    labels: dict[str, list[Any]] = field(default_factory=dict)
    size: int = 1
    seed_by: tuple[str, ...] | None = None
    origin: Callable[[int, str], tuple[str, Place | None]] = lambda member, column: (f"member {member}", None)

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
        return (
            list(zip(*(self.columns[name] for name in self.seed_by), strict=True)) if self.seed_by else [()] * self.size
        )


def tabulate(sweep: Sweep, folder: Path, seed: int, stage: str) -> SweepTable:
    """Make the table of a sweep. Paths are relative to `folder`; `seed` and `stage` serve random sweeps.

    Raises:
        SweepError: a file or a column is missing, a row is wrong, or there is no member.
    """
    if sweep.table is not None:
        table = _from_rows(sweep, *_read_table(sweep.table, folder))
    elif sweep.random is not None:
        table = _repeated(_draw(sweep.random, seed, stage), _same(sweep, sweep.random.count))
    else:
        table = _from_grid(sweep)
    if not table.size:
        raise SweepError("the sweep is empty: it makes no member", field="table" if sweep.table is not None else "grid")
    unknown = [name for name in sweep.seed_by or () if name not in table.columns]
    if unknown:
        raise SweepError(f"'seed_by' names '{unknown[0]}'{did_you_mean(unknown[0], table.columns)}", field="seed_by")
    table.seed_by = tuple(sweep.seed_by) if sweep.seed_by is not None else None
    return table


def _from_grid(sweep: Sweep) -> SweepTable:
    axes = {
        name: values.values() if isinstance(values, Range) else values for name, values in (sweep.grid or {}).items()
    }
    size = 1
    for values in axes.values():
        size *= len(values)
    if size > MAX_MEMBERS:
        raise SweepError(f"the grid has {size:,} members; at most {MAX_MEMBERS:,} are possible", field="grid")
    rows = list(itertools.product(*axes.values()))
    columns = {name: [row[i] for row in rows] for i, name in enumerate(axes)}
    return _repeated(SweepTable(columns, {}, size), _same(sweep, size))


def _draw(random: Random, seed: int, stage: str) -> SweepTable:
    import numpy as np
    from scipy.stats import qmc

    rng = generator(seed, stage, "sweep")
    dimensions = len(random.columns)
    if random.method == "uniform":
        unit = rng.random((random.count, dimensions))
    elif random.method == "latin_hypercube":
        unit = qmc.LatinHypercube(dimensions, rng=rng).random(random.count)
    else:
        exponent = max(0, (random.count - 1).bit_length())
        unit = qmc.Sobol(dimensions, rng=rng).random_base2(exponent)[: random.count]
    columns: dict[str, list[Any]] = {}
    for i, (name, interval) in enumerate(random.columns.items()):
        low, high = (interval.from_, interval.to + 1) if interval.whole else (interval.from_, interval.to)
        drawn = low * (high / low) ** unit[:, i] if interval.scale == "log" else low + (high - low) * unit[:, i]
        columns[name] = [int(v) for v in np.floor(drawn)] if interval.whole else [float(v) for v in drawn]
    return SweepTable(columns, {}, random.count)


@dataclass
class _Source:
    """Where the rows of a table come from: a CSV file with its lines, or the project itself."""

    name: str
    lines: list[str] = field(default_factory=list)
    line_of_row: list[int] = field(default_factory=list)
    header: list[str] = field(default_factory=list)

    def place(self, row: int, column: str) -> Place | None:
        """Where a row of a CSV file stands, and within it the cell of a column."""
        if not self.line_of_row:
            return None
        number = self.line_of_row[row]
        text = self.lines[number - 1] if number <= len(self.lines) else ""
        cells = text.split(",")
        index = self.header.index(column) if column in self.header and '"' not in text else -1
        if not 0 <= index < len(cells):
            return Place(self.name, number, 1, text, len(text))
        return Place(self.name, number, 1 + sum(len(cell) + 1 for cell in cells[:index]), text, len(cells[index]))


def _read_table(table: str | list[dict[str, Any]], folder: Path) -> tuple[list[dict[str, Any]], _Source]:
    if not isinstance(table, str):
        return table, _Source("the table")
    path = folder / table
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SweepError(f"cannot read the table {path}: {error.strerror}", field="table") from error
    except UnicodeDecodeError as error:
        raise SweepError(f"the table {path} is no text in UTF-8", field="table") from error
    reader = csv.reader(text.splitlines(keepends=True))
    header = [name.strip() for name in next(reader, [])]
    source = _Source(str(path), text.splitlines(), [], header)
    if not header:
        raise SweepError(f"the table {path} is empty: its first line must name the columns", field="table")
    repeated = next((name for name in header if header.count(name) > 1), None)
    if repeated is not None:
        raise SweepError(
            f"the table {path} has two columns '{repeated}'",
            field="table",
            place=Place(str(path), 1, 1, source.lines[0]),
        )
    rows: list[dict[str, Any]] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            source.line_of_row.append(reader.line_num)
            if len(cells) != len(header):
                place = source.place(len(rows), "")
                message = f"row {len(rows) + 1} has {len(cells)} cells, the header names {len(header)} columns"
                raise SweepError(message, field="table", place=place)
            rows.append({name: parse_scalar(cell.strip()) for name, cell in zip(header, cells, strict=True)})
    except (csv.Error, ValueError) as error:
        raise SweepError(
            f"the table {path} cannot be read in line {reader.line_num}: {error}", field="table"
        ) from error
    return rows, source


def _from_rows(sweep: Sweep, rows: list[dict[str, Any]], source: _Source) -> SweepTable:
    if not rows:
        raise SweepError(f"the sweep is empty: {source.name} has no rows", field="table")
    names = list(rows[0])
    for number, row in enumerate(rows):
        if list(row) != names:
            raise SweepError(
                f"row {number + 1} has the columns {', '.join(row)}; the first has {', '.join(names)}", field="table"
            )
    repeats_column = [sweep.repeats] if isinstance(sweep.repeats, str) else []
    columns = (
        sweep.columns if sweep.columns is not None else [n for n in names if n not in (*sweep.labels, *repeats_column)]
    )
    for key, wanted in (("columns", columns), ("labels", sweep.labels), ("repeats", repeats_column)):
        for name in wanted:
            if name not in names:
                raise SweepError(f"{source.name} has no column '{name}'{did_you_mean(name, names)}", field=key)
    if repeats_column:
        repeats = [row[repeats_column[0]] for row in rows]
        for number, count in enumerate(repeats):
            if not isinstance(count, int) or isinstance(count, bool) or count < 0:
                message = f"row {number + 1}: repeats must be a whole number, not {count!r}"
                raise SweepError(message, field="repeats", place=source.place(number, repeats_column[0]))
    else:
        repeats = _same(sweep, len(rows))
    table = SweepTable(
        {n: [row[n] for row in rows] for n in columns}, {n: [row[n] for row in rows] for n in sweep.labels}, len(rows)
    )
    table.origin = lambda row, column: (f"row {row + 1}", source.place(row, column))
    return _repeated(table, repeats)


def _same(sweep: Sweep, rows: int) -> list[int]:
    if isinstance(sweep.repeats, str) or sweep.repeats < 1:
        raise SweepError("'repeats' must be a whole number above 0", field="repeats")
    return [sweep.repeats] * rows


def _repeated(table: SweepTable, repeats: list[int]) -> SweepTable:
    """Every row `repeats` times, one after the other; `repeat` counts them from 0."""
    if sum(repeats) > MAX_MEMBERS:
        raise SweepError(
            f"the sweep has {sum(repeats):,} members; at most {MAX_MEMBERS:,} are possible", field="repeats"
        )
    if all(count == 1 for count in repeats):
        return table
    row_of = [row for row, count in enumerate(repeats) for _ in range(count)]

    def spread(columns: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        return {name: [values[row] for row in row_of] for name, values in columns.items()}

    labels = spread(table.labels) | {"repeat": [i for count in repeats for i in range(count)]}
    origin = table.origin
    return SweepTable(spread(table.parameters), labels, len(row_of), None, lambda m, column: origin(row_of[m], column))


def distinct_rows(table: SweepTable) -> Iterable[tuple[int, dict[str, Any]]]:
    """The first member of every distinct row: what must be validated."""
    seen: set[Any] = set()
    for member in range(table.size):
        row = table.row(member)
        identity = tuple((type(v).__name__, repr(v)) for v in row.values())
        if identity not in seen:
            seen.add(identity)
            yield member, row

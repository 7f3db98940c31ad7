"""Read CSV files, with the place of every cell.

A cell means what a plain scalar means in YAML, with two exceptions: only an empty cell is empty (None), and words such as `null` or `NA`
stay words, since they may name classes.
"""

from __future__ import annotations

import csv
import io
import re
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from labrun.faults import LabrunError, Place
from labrun.files.trust import is_file
from labrun.project.yaml12 import parse_scalar

__all__ = ["CsvTable", "TableError"]


MAX_BYTES = 500_000_000
LONGEST_LINE = 1000
"""Characters of a line that are shown with a fault."""

SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
WANTED = "Save it with commas between the cells, and points in decimal numbers"

LONGEST_NUMBER = 1000
_DIGITS = frozenset("0123456789+-")
_DECIMALS = frozenset("0123456789+-.eE")


class TableError(LabrunError):
    """A CSV file that cannot be read as a table; `place` says where, if it is within the file."""

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.place = place


@dataclass
class CsvTable:
    """The first line of a file names the columns; every further line that is not blank is a row."""

    source: str
    text: str
    header: list[str] = field(default_factory=list)
    columns: dict[str, list[Any]] = field(default_factory=dict)
    line_of_row: list[int] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> CsvTable:
        """Read a file.

        Raises:
            TableError: it does not exist, is not text, has no header, or has a row of another length.
        """
        if not is_file(path):
            raise TableError(f"there is no table {path}")
        try:
            if (size := path.stat().st_size) > MAX_BYTES:
                raise TableError(f"the table {path} has {size:,} bytes; at most {MAX_BYTES:,} are read: split it")
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise TableError(f"cannot read the table {path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise TableError(f"the table {path} is not text in UTF-8; save it in that encoding") from error
        table = cls(str(path), text)
        table._read()
        return table

    def __len__(self) -> int:
        return len(self.line_of_row)

    def _read(self) -> None:
        reader = csv.reader(io.StringIO(self.text, newline=""))
        rows: list[tuple[str, ...]] = []
        try:
            self.header = self._read_header(next(reader, []))
            for cells in reader:
                if "".join(cells).strip():
                    self.line_of_row.append(reader.line_num)
                    rows.append((*cells,))
                    if len(cells) != len(self.header):
                        self._refuse_length(len(cells))
        except csv.Error as error:
            place = self._line(reader.line_num)
            raise TableError(f"the table {self.source} is not CSV: {error}", place) from error
        cells_of_columns = zip(*rows, strict=True) if rows else ((),) * len(self.header)
        for name, texts in zip(self.header, cells_of_columns, strict=True):
            self.columns[name] = self._values(name, [*map(str.strip, texts)])

    def _read_header(self, cells: list[str]) -> list[str]:
        header = [cell.strip() for cell in cells]
        if not any(header):
            raise TableError(f"the table {self.source} is empty: its first line must name the columns")
        if header[0].startswith("sep="):
            problem = f"begins with '{header[0]}', which only Excel understands: remove that line. {WANTED}"
            raise TableError(f"the table {self.source} {problem}", self._line(1))
        for separator, name in SEPARATORS.items():
            if len(header) == 1 and separator in cells[0]:
                raise TableError(f"the table {self.source} separates its cells by {name}. {WANTED}", self._line(1))
        seen: set[str] = set()
        for name in header:
            if not name or name in seen:
                problem = f"two columns '{name}'" if name else "a column without a name"
                raise TableError(f"the table {self.source} has {problem}", self._line(1))
            seen.add(name)
        return header

    def _refuse_length(self, cells: int) -> None:
        row = len(self.line_of_row)
        message = f"row {row} has {cells} cells, but the header names {len(self.header)} columns"
        raise TableError(message, self._line(self.line_of_row[-1]))

    def _values(self, column: str, texts: list[str]) -> list[Any]:
        """Read the cells of a column; whole columns of numbers take a fast way to the same values."""
        with suppress(ValueError):
            return _numbers(texts)
        known: dict[str, Any] = {"": None}
        for row, text in enumerate(texts):
            if text not in known:
                try:
                    value = parse_scalar(text)
                except ValueError as error:
                    raise TableError(f"row {row + 1}: {error}", self.place(row, column)) from error
                known[text] = text if value is None else value
        return [known[text] for text in texts]

    @cached_property
    def _lines(self) -> list[str]:
        return re.split(r"\r\n|\r|\n", self.text)

    def _line(self, number: int) -> Place:
        text = self._lines[number - 1][:LONGEST_LINE] if 0 < number <= len(self._lines) else ""
        return Place(self.source, number, 1, text, len(text))

    def place(self, row: int, column: str) -> Place:
        """Return where a row stands, and within it the cell of a column."""
        return self._cell(self.line_of_row[row], column)

    def heading(self, column: str) -> Place:
        """Return where a column is named."""
        return self._cell(1, column)

    def _cell(self, number: int, column: str) -> Place:
        line = self._line(number)
        cells = line.text.split(",")
        index = self.header.index(column) if column in self.header and '"' not in line.text else -1
        if not 0 <= index < len(cells):
            return line
        before = sum(len(cell) + 1 for cell in cells[:index])
        return Place(self.source, number, 1 + before, line.text, len(cells[index]))


def _numbers(texts: list[str]) -> list[Any]:
    """Read a column of numbers in decimal digits.

    Raises:
        ValueError: a cell is something else.
    """
    characters = set().union(*texts)
    if not characters <= _DECIMALS or len(max(texts, key=len, default="")) >= LONGEST_NUMBER:
        raise ValueError("not a column of decimal numbers")
    if characters <= _DIGITS:
        return [*map(int, texts)]
    return [int(text) if text.lstrip("+-").isdigit() else float(text) for text in texts]

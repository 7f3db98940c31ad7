"""CSV files with the place of every cell; cells mean what plain scalars mean in YAML."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labrun.faults import LabrunError, Place
from labrun.files.trust import is_file
from labrun.project.yaml12 import parse_scalar

__all__ = ["CsvTable", "TableError"]


MAX_BYTES = 500_000_000


class TableError(LabrunError):
    """A CSV file that is no table; `place` says where, if it is within the file."""

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.place = place


@dataclass
class CsvTable:
    """The first line of a file names the columns; every further one that is not blank is a row."""

    source: str
    header: list[str]
    rows: list[list[Any]]
    lines: list[str]
    line_of_row: list[int]

    @classmethod
    def read(cls, path: Path) -> CsvTable:
        """Read a file.

        Raises:
            TableError: it is not there, is no text, has no header, or has a row that does not fit to it.
        """
        if not is_file(path):
            raise TableError(f"there is no table {path}")
        try:
            if (size := path.stat().st_size) > MAX_BYTES:
                raise TableError(
                    f"the table {path} has {size:,} bytes; at most {MAX_BYTES:,} are read: give a part of it"
                )
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise TableError(f"cannot read the table {path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise TableError(f"the table {path} is no text in UTF-8; save it in that encoding") from error
        return cls._parse(text, str(path))

    @classmethod
    def _parse(cls, text: str, source: str) -> CsvTable:
        table = cls(source, [], [], re.split(r"\r\n|\r|\n", text), [])
        reader = csv.reader(io.StringIO(text, newline=""))
        try:
            table.header = table._read_header(next(reader, []))
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    table._add_row(cells, reader.line_num)
        except csv.Error as error:
            place = table._line(reader.line_num)
            raise TableError(f"the table {source} is no CSV: {error}", place) from error
        return table

    def _read_header(self, cells: list[str]) -> list[str]:
        header = [cell.strip() for cell in cells]
        if not any(header):
            raise TableError(f"the table {self.source} is empty: its first line must name the columns")
        seen: set[str] = set()
        for name in header:
            if not name or name in seen:
                problem = f"two columns '{name}'" if name else "a column without a name"
                raise TableError(f"the table {self.source} has {problem}", self._line(1))
            seen.add(name)
        return header

    def _add_row(self, cells: list[str], line: int) -> None:
        self.line_of_row.append(line)
        row = len(self.rows)
        if len(cells) != len(self.header):
            message = f"row {row + 1} has {len(cells)} cells, but the header names {len(self.header)} columns"
            raise TableError(message, self._line(line))
        values = []
        for name, cell in zip(self.header, cells, strict=True):
            try:
                values.append(parse_scalar(cell.strip()))
            except ValueError as error:
                raise TableError(f"row {row + 1}: {error}", self.place(row, name)) from error
        self.rows.append(values)

    def _line(self, number: int) -> Place:
        text = self.lines[number - 1][:1000] if 0 < number <= len(self.lines) else ""
        return Place(self.source, number, 1, text, len(text))

    def place(self, row: int, column: str) -> Place:
        """Where a row stands, and within it the cell of a column."""
        return self._cell(self.line_of_row[row], column)

    def heading(self, column: str) -> Place:
        """Where a column is named."""
        return self._cell(1, column)

    def _cell(self, number: int, column: str) -> Place:
        line = self._line(number)
        cells = line.text.split(",")
        index = self.header.index(column) if column in self.header and '"' not in line.text else -1
        if not 0 <= index < len(cells):
            return line
        before = sum(len(cell) + 1 for cell in cells[:index])
        return Place(self.source, number, 1 + before, line.text, len(cells[index]))

"""Declare where the arrays of a program are found: in which file, in which format, with which shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from labrun.contracts.strict import StrictModel
from labrun.kit.pictures import SUFFIXES as PICTURES
from labrun_program.placeholders import Value

__all__ = ["FORMATS", "Format", "Output", "expect_inside"]

Format = Literal["raw", "fortran", "npy", "npz", "text", "csv", "hdf5", "netcdf", "json", "picture", "pattern"]
Type = Literal[
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
    "complex64",
    "complex128",
]


@dataclass(frozen=True)
class Keys:
    """The keys that describe an array in a file of some format, beside `shape`, and those of them that are needed."""

    taken: frozenset[str]
    needed: frozenset[str] = frozenset()


def _keys(taken: str = "", needed: str = "") -> Keys:
    return Keys(frozenset((taken + " " + needed).split()), frozenset(needed.split()))


FORMATS: Mapping[Format, Keys] = {
    "raw": _keys("order byte_order skip", "dtype"),
    "fortran": _keys("order byte_order record", "dtype"),
    "npy": _keys(),
    "npz": _keys("", "path"),
    "text": _keys("dtype column"),
    "csv": _keys("dtype column"),
    "hdf5": _keys("", "path"),
    "netcdf": _keys("", "path"),
    "json": _keys("dtype path"),
    "picture": _keys(),
    "pattern": _keys("dtype every", "pattern"),
}

_SUFFIXES: Mapping[str, Format] = {
    ".npy": "npy",
    ".npz": "npz",
    ".csv": "csv",
    ".txt": "text",
    ".json": "json",
    ".nc": "netcdf",
    ".h5": "hdf5",
    ".hdf5": "hdf5",
    ".bin": "raw",
    ".raw": "raw",
    **dict.fromkeys(PICTURES, "picture"),
}
_TEXT: Mapping[Format, str] = dict.fromkeys(("pattern", "text", "csv"), "float64")
"""Types of numbers that are read from text, unless `dtype` says otherwise."""
_SHOWING: Mapping[str, Format] = {"pattern": "pattern", "record": "fortran", "column": "text", "dtype": "raw"}
"""Keys that show the format of a file whose suffix does not, the clearest first."""


class Output(StrictModel):
    """One array of a member: where the program writes it, and what it is."""

    file: str | None = Field(None, description="file that the program writes, relative to its own folder")
    stdout: bool = Field(False, description="whether it is in what the program prints, instead of a file")
    format: Format | None = Field(
        None, description="format of the file, where its name and the other keys do not show it"
    )
    shape: list[Annotated[int, Field(ge=0)] | str] | None = Field(
        None, description="sides of the array: whole numbers, and names of parameters"
    )
    dtype: Type | None = Field(None, description="type of its numbers")
    order: Literal["C", "F"] | None = Field(
        None,
        description="which index varies fastest: C, the last (default), or F, the first (default for Fortran records)",
    )
    byte_order: Literal["little", "big"] = Field("little", description="byte order of binary numbers")
    skip: int = Field(0, ge=0, description="bytes of a header before the numbers")
    record: int = Field(0, ge=0, description="number of the unformatted Fortran record, from 0")
    path: str | None = Field(
        None, description="name within the file: of a dataset or variable; in JSON, keys and numbers with dots between"
    )
    column: str | int | None = Field(None, description="column of a table, by its heading or its number from 0")
    pattern: str | None = Field(
        None, description="regular expression with one group, which holds the number; the last match counts"
    )
    every: bool = Field(False, description="whether all matches of the pattern count, as (matches,)")
    unit: str = Field("", description="unit of the numbers; empty if they are dimensionless")
    description: str = Field("", description="what the array is")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.file is None) == (not self.stdout):
            raise ValueError("expected either 'file', which the program writes, or 'stdout: true', what it prints")
        if self.file is not None:
            expect_inside(self.file)
        kind = self.kind
        keys = FORMATS[kind]
        given = {key for key in self.model_fields_set if getattr(self, key) is not None}
        if missing := sorted(keys.needed - given):
            raise ValueError(f"{_words(kind)} needs {' and '.join(repr(key) for key in missing)}")
        if idle := sorted(given & _ALL - keys.taken):
            raise ValueError(f"{_words(kind)} has no use for {' and '.join(repr(key) for key in idle)}")
        if self.stdout and kind not in ("text", "csv", "json", "pattern"):
            raise ValueError(f"what a program prints is text: {_words(kind)} must be in a file")
        if self.pattern is not None:
            _expect_pattern(self.pattern)
        return self

    @property
    def kind(self) -> Format:
        """The format.

        Raises:
            ValueError: nothing shows it.
        """
        suffix = PurePosixPath(self.file or "").suffix.lower()
        given = [key for key in _SHOWING if key in self.model_fields_set and getattr(self, key) is not None]
        if self.format is not None:
            return self.format
        if "pattern" in given:
            return "pattern"
        if suffix in _SUFFIXES:
            return _SUFFIXES[suffix]
        if given:
            return _SHOWING[given[0]]
        raise ValueError(f"the format is not clear; add 'format', which is one of {', '.join(FORMATS)}")

    @property
    def names(self) -> list[str]:
        """The parameters that its shape names."""
        return [side for side in self.shape or () if isinstance(side, str)]

    def declaration(self) -> str:
        """Return it as a simulator declares its arrays: `(size, size) int8: spins [ħ/2]`."""
        unit = f"[{self.unit}]" if self.unit else "dimensionless"
        meaning = f"{self.description}{' ' if self.unit else ', '}{unit}" if self.description else unit
        sides = [str(side) for side in self.shape or ()]
        shape = f"({', '.join(sides)}{',' * (len(sides) == 1)}) " if self.shape is not None or self._is_number else ""
        return f"{shape}{self.dtype or _TEXT.get(self.kind, 'numbers')}: {meaning}"

    @property
    def _is_number(self) -> bool:
        return self.kind == "pattern" and not self.every

    def sides(self, values: Mapping[str, Value]) -> tuple[int, ...] | None:
        """Return the shape for these values of parameters.

        Raises:
            ValueError: a parameter is not a whole number, or negative.
        """
        return None if self.shape is None else tuple(_side(side, values) for side in self.shape)


_ALL = frozenset().union(*(keys.taken for keys in FORMATS.values()))


def _side(side: int | str, values: Mapping[str, Value]) -> int:
    number: Any = values[side] if isinstance(side, str) else side
    if isinstance(number, bool) or not isinstance(number, (int, float)) or number != int(number) or number < 0:
        raise ValueError(f"the shape names '{side}', which is {number!r}; a side is a whole number, at least 0")
    return int(number)


def _words(kind: Format) -> str:
    return {"raw": "a raw binary", "fortran": "a Fortran record", "pattern": "a pattern"}.get(
        kind, f"the format {kind}"
    )


def _expect_pattern(pattern: str) -> None:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"'{pattern}' is not a regular expression: {error}") from None
    if groups != 1:
        raise ValueError(
            f"the pattern '{pattern}' has {groups} groups; put the number, and nothing else, into (parentheses)"
        )


def expect_inside(name: str) -> None:
    """Refuse the name of a file that is not inside a member's own folder.

    Raises:
        ValueError: it is absolute, or leads out of the folder.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        raise ValueError(f"'{name}' must be inside the folder of the member: a relative path without '..'")

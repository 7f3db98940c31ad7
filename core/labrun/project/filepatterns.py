"""Find files as rows of a table: patterns such as `cubes/*_RNG_{realization}/z{redshift}_*` find them, and their names give columns.

`*` stands for any text without a slash, `{name}` for one that becomes the value of the column `name`, read as YAML reads it:
`006.50` is the number 6.5. Several patterns find files that belong together: those whose values agree. Names are compared in Unicode's
normal form C, because macOS writes ü as two characters and editors as one.
"""

from __future__ import annotations

import glob
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from labrun.project.yaml12 import parse_scalar

__all__ = ["FoundFile", "PatternError", "find_files", "join_files"]

Piece: TypeAlias = tuple[Literal["text", "any", "name"], str]
MAX_PIECES = 100
MAX_STEPS = 200_000
"""Of reading one path; one that fits takes some dozens."""

_BEYOND_ASCII = re.compile(r"[A-Za-z<=>]?[^ -~]+")
"""With the character before it, which may carry an accent."""

_PIECES = re.compile(r"\*|\{(?P<name>[A-Za-z_]\w*)\}|[^*{}]+|(?P<wrong>[{}])")


class PatternError(ValueError):
    """A pattern that is invalid, that finds nothing, or whose files have no partners."""


@dataclass(frozen=True)
class FoundFile:
    """A file, and the values in its name."""

    path: str
    values: dict[str, Any]


def find_files(pattern: str, folder: Path) -> list[FoundFile]:
    """Return the files that match a pattern, relative to `folder`; `file2` comes before `file10`.

    Raises:
        PatternError: the pattern is invalid, or finds nothing.
    """
    wildcards, pieces = _read(pattern)
    found = []
    for path in sorted(glob.glob(wildcards, root_dir=folder), key=_natural):  # noqa: PTH207 - Path.glob does not take absolute patterns
        texts = _Matching(pieces, _normal(Path(path).as_posix())).values()
        if texts is not None and (folder / path).is_file():
            found.append(FoundFile(path, {name: parse_scalar(text) for name, text in texts.items()}))
    if not found:
        raise PatternError(f"no file matches '{pattern}' in {folder.absolute()}: expected at least one")
    return found


def join_files(found: Mapping[str, list[FoundFile]]) -> list[dict[str, FoundFile]]:
    """Return a row for each file of the first column, with its partner in each of the others: the one whose values agree.

    Raises:
        PatternError: a file has no partner, or several.
    """
    first, *others = found
    rows = [{first: file} for file in found[first]]
    for column in others:
        shared = sorted(set(found[first][0].values) & set(found[column][0].values))
        partners: dict[tuple[Any, ...], list[FoundFile]] = {}
        for file in found[column]:
            partners.setdefault(_picked(file, shared), []).append(file)
        for row in rows:
            fitting = partners.get(_picked(row[first], shared), [])
            if len(fitting) != 1:
                raise PatternError(_about_partners(row[first], first, column, fitting, shared))
            row[column] = fitting[0]
        used = {row[column].path for row in rows}
        for file in found[column]:
            if file.path not in used:
                raise PatternError(_about_partners(file, column, first, [], shared))
    return rows


def _read(pattern: str) -> tuple[str, list[Piece]]:
    """Return a pattern as wildcards for `glob`, and as its pieces."""
    pattern = _normal(pattern)
    wildcards: list[str] = []
    pieces: list[Piece] = []
    if "\0" in pattern:
        raise PatternError(f"{pattern!r} is not a pattern: no file name holds a NUL")
    for piece in _PIECES.finditer(pattern):
        if piece["wrong"]:
            raise PatternError(f"'{pattern}' is not a pattern: expected '*' and '{{name}}', and no other braces")
        if piece[0] == "*":
            pieces.append(("any", "*"))
        elif piece["name"] is not None:
            pieces.append(("name", piece["name"]))
        else:
            pieces.append(("text", piece[0]))
        wildcards.append(_BEYOND_ASCII.sub("*", glob.escape(piece[0])) if pieces[-1][0] == "text" else "*")
    if len(pieces) > MAX_PIECES:
        raise PatternError(f"'{pattern:.60}…' has {len(pieces)} pieces; at most {MAX_PIECES} are possible")
    return "".join(wildcards), pieces


@dataclass
class _Matching:
    """Read the values that a path gives to the names of a pattern: the first way to read it, with `*` long and names short.

    A regular expression could try for years on a long name that does not fit; this gives up.
    """

    pieces: list[Piece]
    path: str
    steps: int = 0

    def values(self) -> dict[str, str] | None:
        """Return the text of each name; None if the path does not fit.

        Raises:
            PatternError: there are too many ways to read the path.
        """
        return self._read_on(0, 0, {})

    def _read_on(self, number: int, at: int, known: dict[str, str]) -> dict[str, str] | None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise PatternError(
                f"'{self.path}' can be read in too many ways: put distinct texts between the names of the pattern"
            )
        if number == len(self.pieces):
            return known if at == len(self.path) else None
        kind, text = self.pieces[number]
        for end in self._ends(kind, known.get(text, "") if kind == "name" else text, at):
            now = {**known, text: self.path[at:end]} if kind == "name" else known
            if (found := self._read_on(number + 1, end, now)) is not None:
                return found
        return None

    def _ends(self, kind: str, text: str, at: int) -> Iterable[int]:
        """Return where a piece that begins at `at` may end; `text` is what it must be, if that is known."""
        if kind != "any" and text:
            return [at + len(text)] if self.path.startswith(text, at) else []
        slash = self.path.find("/", at)
        last = len(self.path) if slash < 0 else slash
        return range(last, at - 1, -1) if kind == "any" else range(at + 1, last + 1)


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _natural(path: str) -> list[Any]:
    """Return a key that sorts runs of digits as numbers."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path) if part]


def _picked(file: FoundFile, names: list[str]) -> tuple[Any, ...]:
    return tuple(file.values[name] for name in names)


def _about_partners(file: FoundFile, column: str, other: str, fitting: list[FoundFile], shared: list[str]) -> str:
    agreeing = (
        " and ".join(f"{name} {file.values[name]}" for name in shared)
        or "nothing in common: write '{name}' in both patterns"
    )
    if not fitting:
        return f"'{file.path}' ({column}) has no partner among the files of '{other}': expected one of {agreeing}"
    several = " and ".join(f"'{one.path}'" for one in fitting[:3])
    return f"'{file.path}' ({column}) has {len(fitting)} partners among the files of '{other}', {several}: expected one of {agreeing}"

"""Files as rows of a table: patterns such as `cubes/*_RNG_{realization}/z{redshift}_*` find them, and their names give columns.

`*` stands for any text without a slash, `{name}` for one that becomes the value of the column `name`, read as YAML reads it:
`006.50` is the number 6.5. Several patterns find files that belong together: those whose values agree.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labrun.yaml12 import parse_scalar

__all__ = ["FoundFile", "PatternError", "find_files", "join_files"]

_PIECES = re.compile(r"\*|\{(?P<name>[A-Za-z_]\w*)\}|[^*{}]+|(?P<wrong>[{}])")


class PatternError(ValueError):
    """A pattern that is none, that finds nothing, or whose files have no partners."""


@dataclass(frozen=True)
class FoundFile:
    """A file, and what its name says."""

    path: str
    values: dict[str, Any]


def find_files(pattern: str, folder: Path) -> list[FoundFile]:
    """The files that a pattern finds, relative to `folder`; `file2` comes before `file10`.

    Raises:
        PatternError: the pattern is none, or finds nothing.
    """
    wildcards, expression = _read(pattern)
    found = []
    for path in sorted(glob.glob(wildcards, root_dir=folder), key=_natural):  # noqa: PTH207 - Path.glob does not take absolute patterns
        match = expression.fullmatch(Path(path).as_posix())
        if match is not None and (folder / path).is_file():
            found.append(FoundFile(path, {name: parse_scalar(text) for name, text in match.groupdict().items()}))
    if not found:
        raise PatternError(f"no file is called '{pattern}' in {folder.absolute()}: expected one at least")
    return found


def join_files(found: Mapping[str, list[FoundFile]]) -> list[dict[str, FoundFile]]:
    """One row for each file of the first column, with its partner in each of the others: the one whose values agree.

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


def _read(pattern: str) -> tuple[str, re.Pattern[str]]:
    """A pattern as wildcards for `glob`, and as a regular expression that reads its values."""
    wildcards, expression = [], []
    seen: set[str] = set()
    for piece in _PIECES.finditer(pattern):
        name = piece["name"]
        if piece["wrong"]:
            raise PatternError(f"'{pattern}' is no pattern: expected '*' and '{{name}}', and braces nowhere else")
        if piece[0] == "*":
            wildcards.append("*")
            expression.append("[^/]*")
        elif name is not None:
            wildcards.append("*")
            expression.append(f"(?P={name})" if name in seen else f"(?P<{name}>[^/]+?)")
            seen.add(name)
        else:
            wildcards.append(glob.escape(piece[0]))
            expression.append(re.escape(piece[0]))
    return "".join(wildcards), re.compile("".join(expression))


def _natural(path: str) -> list[Any]:
    """A key that sorts runs of digits as numbers."""
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

"""Placeholders in commands and environments: `{size}`, or `{temperature:.3f}` with a format of Python."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from typing import TypeAlias

__all__ = ["ALL", "SEED", "Value", "as_text", "fill", "placeholders"]

Value: TypeAlias = bool | int | float | str
"""The value of a parameter."""

SEED = "seed"
"""The name of the number from which a program draws its random numbers."""
ALL = "parameters"
"""The name under which a template finds all parameters, and the seed."""

_FORMAT = re.compile(r"[-+ ]?0?\d{0,3}(\.\d{1,2})?[bdeEfFgGosxX]?")
"""Formats that are accepted: a longer width would fill the memory."""


def placeholders(text: str) -> list[str]:
    """Return the names in a text.

    Raises:
        ValueError: a brace is alone, or a placeholder is not a name, perhaps with a format.
    """
    return [name for _, name, _ in _parts(text) if name]


def fill(text: str, values: Mapping[str, Value]) -> str:
    """Put values in the place of names.

    Raises:
        ValueError: see `placeholders`, or a format does not suit its value.
    """
    return "".join(
        literal + (_formatted(name, values[name], spec) if name else "") for literal, name, spec in _parts(text)
    )


def as_text(value: Value) -> str:
    """Return a value as text: `true` and `false`, and the shortest digits that give the same number; a whole one has no point, since ranges
    in a sweep give 8.0 where a program may expect 8."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _formatted(name: str, value: Value, spec: str) -> str:
    try:
        return format(value, spec) if spec else as_text(value)
    except ValueError as error:
        raise ValueError(f"the format of {{{name}:{spec}}} does not suit {value!r}: {error}") from error


def _parts(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield each literal part with the name and the format that follow it."""
    try:
        parts = [*string.Formatter().parse(text)]
    except ValueError as error:
        raise ValueError(f"'{text}': {error}. Write {{{{ and }}}} for braces") from error
    for literal, name, spec, conversion in parts:
        if name is None:
            yield literal, "", ""
        elif not name.isidentifier() or conversion or not _FORMAT.fullmatch(spec or ""):
            raise ValueError(
                f"'{text}': a placeholder is the name of a parameter, perhaps with a format, such as {{size}} or {{rate:.3f}}. Write "
                "{{ and }} for braces"
            )
        else:
            yield literal, name, spec or ""

"""Convert labrun's docstrings, plain text with `code` and indented equations, to reStructuredText."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

SECTION = re.compile(r"(Args|Returns|Raises|Yields):$")
SPECIAL = re.compile(r"([*|\\]|(?<=\w)_(?!\w))")


def setup(app: Any) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", _process, priority=100)  # before napoleon takes Google's sections apart
    app.connect("autodoc-process-docstring", _restore, priority=900)
    return {"parallel_read_safe": True}


_attributes: dict[str, list[str]] = {}


def _process(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    lines[:] = list(as_restructured_text(lines))
    if what in ("attribute", "property", "data"):
        _attributes[name] = list(lines)


def _restore(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Undo Napoleon's change: it takes the text before the first colon of an attribute for its type."""
    if what in ("attribute", "property", "data"):
        lines[:] = _attributes.pop(name, lines)


def as_restructured_text(lines: list[str]) -> Iterator[str]:
    """Make indented blocks literal, keep code as it is, and escape characters that only reStructuredText interprets."""
    inside_section = literal = table = False
    for number, line in enumerate(lines):
        before = lines[number - 1] if number else ""
        if line.strip().startswith("====") or table:
            table = bool(line.strip())
            yield line
            continue
        if SECTION.match(line):
            inside_section = True
        elif line and not line.startswith(" "):
            inside_section = literal = False
        if line.startswith("    ") and not inside_section and not literal and not before.strip():
            literal = True
            yield from ("::", "")
        yield line if literal else _escaped(line)


def _escaped(line: str) -> str:
    bullet = re.match(r"\s*\* ", line)
    head, text = (bullet[0], line[bullet.end() :]) if bullet else ("", line)
    pieces = re.split(r"(`+[^`]+`+)", text)
    return head + "".join(_code(piece) if piece.startswith("`") else SPECIAL.sub(r"\\\1", piece) for piece in pieces)


def _code(piece: str) -> str:
    return f"``{piece.strip('`')}``"

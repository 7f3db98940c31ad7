"""Reflow docstrings for a terminal: paragraphs and lists are wrapped to its width; indented blocks (equations, tables) are kept."""

from __future__ import annotations

import re
import textwrap

__all__ = ["reflowed"]

WIDEST = 100
"""Characters of a line that are pleasant to read."""

_ITEM = re.compile(r"(\* |- |\d+\. )")


def reflowed(text: str, width: int) -> str:
    """Return the text wrapped for a terminal of `width` columns."""
    return "\n\n".join(_block(block, min(width, WIDEST)) for block in re.split(r"\n\s*\n", text.strip("\n")))


def _block(block: str, width: int) -> str:
    lines = block.splitlines()
    pieces: list[list[str]] = []
    for line in lines:
        goes_on = pieces and not _ITEM.match(line) and (not line.startswith(" ") or _ITEM.match(pieces[-1][0]))
        if goes_on and not pieces[-1][0].startswith(" "):
            pieces[-1].append(line.strip())
        else:
            pieces.append([line])
    return "\n".join(_wrapped(piece, width) for piece in pieces)


def _wrapped(piece: list[str], width: int) -> str:
    if piece[0].startswith(" "):
        return piece[0]
    item = _ITEM.match(piece[0])
    indent = " " * len(item[0]) if item else ""
    return textwrap.fill(
        " ".join(piece), width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )

"""Tables: drawn in a terminal, lines with tabs elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

__all__ = ["print_table", "short"]


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
    """Print rows of text under the names of their columns."""
    if not sys.stdout.isatty():
        for row in [columns, *rows]:
            click.echo("\t".join(row).rstrip())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, title=title or None, title_justify="left")
    for row in rows:
        table.add_row(*(Text(cell, style="green" if cell == "done" else "") for cell in row))
    Console().print(table)


def short(value: Any) -> str:
    """Return a value as text; of a key or digest only the first 12 digits, which suffice to distinguish it."""
    text = str(value)
    return text[:12] if isinstance(value, str) and len(text) == 64 else text

"""The templates of the page, and the filters that they use."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from labrun.amounts import bytes_in_words, duration_in_words, roughly_in_words, shown
from labrun.contracts.measure import Measure

__all__ = ["environment"]


@cache
def environment() -> Environment:
    """Return the environment of all templates, each of which is compiled once."""
    made = Environment(
        loader=PackageLoader("labrun.report"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["duration"] = duration_in_words
    made.filters["roughly"] = roughly_in_words
    made.filters["number"] = _number
    made.filters["bytes"] = bytes_in_words
    return made


def _number(value: Any) -> str:
    """Return a number as the page shows it: whole numbers with separators."""
    if isinstance(value, (bool, Measure)) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else shown(value)

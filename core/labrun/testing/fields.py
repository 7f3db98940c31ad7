"""Check that the fields of a plugin have descriptions and units."""

from __future__ import annotations

import re
import typing
from typing import Any

from pydantic import BaseModel

__all__ = ["UNITLESS", "fields_without_description", "fields_without_unit", "names_unit"]

UNITLESS = (
    "dimensionless",
    "lattice units",
    "share",
    "fraction",
    "factor",
    "probability",
    "probabilities",
    "ratio",
    "relative",
    "exponent",
    "power",
)
"""Words for numbers without a unit."""

_UNIT = re.compile(rf"\[[^\[\]]+\]|\b(?:{'|'.join(UNITLESS)})s?\b", re.IGNORECASE)


def names_unit(text: str) -> bool:
    """Check whether a description contains a unit in brackets, `[Mpc]`, or a word such as 'dimensionless'."""
    return _UNIT.search(text) is not None


def fields_without_description(plugin: type[BaseModel]) -> list[str]:
    """Return the names of fields without a description."""
    return [name for name, field in plugin.model_fields.items() if not (field.description or "").strip()]


def fields_without_unit(plugin: type[BaseModel]) -> list[str]:
    """Return the names of fields with real numbers whose descriptions name neither a unit nor a word for its absence."""
    fields = plugin.model_fields.items()
    return [name for name, field in fields if is_real(field.annotation) and not names_unit(field.description or "")]


def is_real(annotation: Any) -> bool:
    """Check whether values are real numbers, alone or in lists. A field that also allows strings is not a quantity."""
    leaves = {*_leaves(annotation)}
    return float in leaves and not leaves & {str, bool}


def _leaves(annotation: Any) -> typing.Iterator[Any]:
    arguments = typing.get_args(annotation)
    if not arguments:
        yield annotation
    for argument in arguments:
        yield from _leaves(argument)

"""What the fields of a plugin must tell: what they are, and in which unit."""

from __future__ import annotations

import re
import typing
from typing import Any

from pydantic import BaseModel

__all__ = ["UNITLESS", "fields_without_description", "fields_without_unit", "tells_unit"]

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
"""Words that say that a number has no unit, where no unit stands in brackets."""

_UNIT = re.compile(rf"\[[^\[\]]+\]|\b(?:{'|'.join(UNITLESS)})s?\b", re.IGNORECASE)


def tells_unit(text: str) -> bool:
    """Whether a description holds a unit in brackets, `[Mpc]`, or a word such as 'dimensionless'."""
    return _UNIT.search(text) is not None


def fields_without_description(plugin: type[BaseModel]) -> list[str]:
    """The names of the fields that nothing is said of."""
    return [name for name, field in plugin.model_fields.items() if not (field.description or "").strip()]


def fields_without_unit(plugin: type[BaseModel]) -> list[str]:
    """The names of the fields that hold real numbers, whose descriptions name neither a unit nor say that there is none."""
    fields = plugin.model_fields.items()
    return [name for name, field in fields if is_real(field.annotation) and not tells_unit(field.description or "")]


def is_real(annotation: Any) -> bool:
    """Whether values are real numbers, alone or in lists. What may be a text too is no quantity, but whatever a table holds."""
    leaves = {*_leaves(annotation)}
    return float in leaves and not leaves & {str, bool}


def _leaves(annotation: Any) -> typing.Iterator[Any]:
    arguments = typing.get_args(annotation)
    if not arguments:
        yield annotation
    for argument in arguments:
        yield from _leaves(argument)

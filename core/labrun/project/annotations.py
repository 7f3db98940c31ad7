"""Read which values the annotations of a plugin's fields allow."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel

__all__ = ["options_of", "whole_fields"]


def options_of(annotation: Any) -> Iterator[Any]:
    """Yield the alternatives of an annotation, one for each member of a union."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        yield from options_of(typing.get_args(annotation)[0])
    elif origin in (typing.Union, types.UnionType):
        for option in typing.get_args(annotation):
            yield from options_of(option)
    else:
        yield annotation


def whole_fields(plugin: type[BaseModel]) -> list[str]:
    """Return the names of the fields that take whole numbers, and no others."""
    return [
        field.alias or name
        for name, field in plugin.model_fields.items()
        if {int, float} & {*map(_as_type, options_of(field.annotation))} == {int}
    ]


def _as_type(option: Any) -> Any:
    return option if isinstance(option, type) else None

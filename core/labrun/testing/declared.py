"""Compare a simulator's declaration of its arrays, `"(frames, height, width) float32: u, dimensionless"`, with its output."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labrun.testing.fields import names_unit

if TYPE_CHECKING:
    from labrun.contracts.plugin import Arrays

__all__ = ["Declaration", "disagreements"]

_SHAPE = re.compile(r"\(([^()]*)\)")
_DTYPE = re.compile(r"\b(bool|u?int(?:8|16|32|64)|float(?:16|32|64)|complex(?:64|128))\b")


@dataclass(frozen=True)
class Declaration:
    """The alternative shapes and types of an array. A shape consists of numbers and names: equal names are equal sizes."""

    shapes: tuple[tuple[str, ...], ...]
    dtypes: tuple[str, ...]
    has_unit: bool

    @classmethod
    def read(cls, text: str) -> Declaration:
        """Read the part before the colon; the unit may be anywhere."""
        head = text.partition(":")[0]
        shapes = [tuple(size.strip() for size in found.split(",") if size.strip()) for found in _SHAPE.findall(head)]
        return cls(tuple(shapes), tuple(_DTYPE.findall(head)), names_unit(text))


def disagreements(declared: Mapping[str, str], arrays: Arrays, fields: Mapping[str, object]) -> Iterator[str]:
    """Yield messages where declarations are incomplete or `arrays` differ from them. A size named like a field that holds a whole number is
    that number."""
    known = {name: int(value) for name, value in fields.items() if isinstance(value, int) and value is not True}
    for name, text in declared.items():
        array, declaration = arrays[name], Declaration.read(text)
        if not declaration.shapes or not declaration.dtypes:
            yield f"'{name}' is declared as {text!r}, which does not begin with shape and type, such as '(height, width) float32: …'"
            continue
        if array.dtype.name not in declaration.dtypes:
            yield f"'{name}' is declared as {' or '.join(declaration.dtypes)} but is {array.dtype.name}"
        bindings = [_bound(shape, array.shape, known) for shape in declaration.shapes]
        fitting = next((binding for binding in bindings if binding is not None), None)
        if fitting is None:
            wanted = " or ".join(f"({', '.join(shape)})" for shape in declaration.shapes)
            sizes = ", ".join(f"{size} = {known[size]}" for size in sorted({*sum(declaration.shapes, ())} & {*known}))
            yield f"'{name}' is declared as {wanted} but has the shape {array.shape}{f', with {sizes}' if sizes else ''}"
        known |= fitting or {}
        if array.dtype.kind in "fc" and not declaration.has_unit:
            yield f"'{name}' is declared without a unit: put it in brackets, '[mK]', or say 'dimensionless' or 'lattice units'"


def _bound(shape: tuple[str, ...], found: tuple[int, ...], known: Mapping[str, int]) -> dict[str, int] | None:
    """Return the sizes that the names of a shape stand for, or None if the shape does not match."""
    if len(shape) != len(found):
        return None
    bound = dict(known)
    for size, number in zip(shape, found, strict=True):
        if (int(size) if size.isdecimal() else bound.setdefault(size, number)) != number:
            return None
    return bound

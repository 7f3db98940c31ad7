"""Lay out a `matrix`: one stage for each combination of values."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labrun.faults import Place
from labrun.project.yaml12 import Document, KeyPath

if TYPE_CHECKING:
    from labrun.project.blocks import StageBlock
    from labrun.registry.registry import Offer

__all__ = ["MAX_VARIANTS", "Variant", "variants"]

MAX_VARIANTS = 1000
VARIED = ("with", "fit", "from", "use")


@dataclass(frozen=True)
class Variant:
    """A block with the values of one combination filled in; `offer` is its plugin, and `parsed` the block once it is checked."""

    block: dict[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    indices: dict[str, int] = field(default_factory=dict)
    offer: Offer | None = None
    parsed: StageBlock | None = None

    @property
    def axes(self) -> list[str]:
        """The keys of its inputs' matrices for whose values one stage each is made."""
        return self.parsed.axes if self.parsed else []

    def written_at(self, path: KeyPath) -> KeyPath:
        """Return where a part of this block is written: in the matrix, if it comes from there."""
        for axis, index in self.indices.items():
            steps = tuple(axis.split("."))
            if path[: len(steps)] == steps:
                return ("matrix", axis, index, *path[len(steps) :])
        return path

    def place(self, document: Document, block: KeyPath, path: KeyPath, key: bool) -> Place | None:
        """Return the place of a part of this block, or of its key, in a document that holds the block at `block`."""
        for axis in self.indices if key else ():
            steps = tuple(axis.split("."))
            if steps == path or (steps[: len(path)] == path and (*block, *path) not in document.keys):
                return document.place((*block, "matrix", axis), key=True)
        return document.place((*block, *self.written_at(path)), key=key)


def variants(block: dict[str, Any]) -> tuple[list[Variant], list[tuple[str, str]]]:
    """Return the variants of a block (one, where it has no matrix), and what is wrong with which key of the matrix."""
    matrix = block.get("matrix")
    if not isinstance(matrix, dict) or not all(isinstance(values, list) and values for values in matrix.values()):
        return [Variant(block)], []  # the block's own check reports what is wrong
    rest = {key: value for key, value in block.items() if key != "matrix"}
    problems = [*_problems(matrix, rest)]
    if problems:
        return [Variant(rest)], problems
    combinations = itertools.product(*(enumerate(values) for values in matrix.values()))
    return [_variant(rest, dict(zip(matrix, combination, strict=True))) for combination in combinations], []


def _variant(block: dict[str, Any], chosen: dict[str, tuple[int, Any]]) -> Variant:
    changed = copy.deepcopy(block)
    for axis, (_, value) in chosen.items():
        *steps, last = axis.split(".")
        inner = changed
        for step in steps:
            inner = inner.setdefault(step, {})
        inner[last] = value
    return Variant(
        changed,
        {axis: value for axis, (_, value) in chosen.items()},
        {axis: index for axis, (index, _) in chosen.items()},
    )


def _problems(matrix: dict[str, list[Any]], block: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for axis in matrix:
        steps = axis.split(".")
        if steps[0] not in VARIED or (axis in VARIED) != (axis == "use") or not all(steps):
            yield axis, f"'{axis}': a key of a matrix is 'use', or begins with 'with.', 'fit.' or 'from.'"
            continue
        inner: Any = block
        for end, step in enumerate(steps[:-1], start=1):
            inner = inner.get(step, {})
            if not isinstance(inner, dict):
                yield axis, f"'{axis}': '{'.'.join(steps[:end])}' is not a mapping, so nothing in it can vary"
                break
        if within := [other for other in matrix if other.startswith(f"{axis}.")]:
            yield within[0], f"'{within[0]}' varies a part of '{axis}', which varies too"
    count = math.prod(len(values) for values in matrix.values())
    if count > MAX_VARIANTS:
        yield "", f"it makes {count:,} stages; at most {MAX_VARIANTS:,} are possible"

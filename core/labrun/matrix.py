"""`matrix`: one stage for each combination of values."""

from __future__ import annotations

import copy
import itertools
from dataclasses import dataclass
from typing import Any

__all__ = ["Variant", "variants"]


@dataclass(frozen=True)
class Variant:
    """A block with the values of one combination put in; `values` says which, `parsed` is the block once it is checked."""

    block: dict[str, Any]
    values: dict[str, Any]
    parsed: Any = None


def variants(block: dict[str, Any]) -> tuple[list[Variant], list[str]]:
    """The variants of a block (one, where it has no matrix), and what is wrong with the matrix."""
    matrix = block.get("matrix")
    rest = {key: value for key, value in block.items() if key != "matrix"}
    if not isinstance(matrix, dict) or not all(isinstance(values, list) and values for values in matrix.values()):
        return [Variant(block, {})], []
    problems = [f"'{key}': {why}" for key in matrix if (why := _unfit(key, rest))]
    if problems:
        return [Variant(rest, {})], problems
    found = []
    for combination in itertools.product(*matrix.values()):
        values = dict(zip(matrix, combination, strict=True))
        changed = copy.deepcopy(rest)
        for key, value in values.items():
            _put(changed, key.split("."), value)
        found.append(Variant(changed, values))
    return found, []


def _unfit(key: str, block: dict[str, Any]) -> str | None:
    steps = key.split(".")
    if steps[0] not in ("with", "fit", "from", "use"):
        return "a key of a matrix begins with 'with.', 'fit.', 'from.' or is 'use'"
    for end, step in enumerate(steps[:-1], start=1):
        block = block.get(step, {})
        if not isinstance(block, dict):
            return f"'{'.'.join(steps[:end])}' is no mapping, so nothing in it can vary"
    return None


def _put(block: dict[str, Any], steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        block = block.setdefault(step, {})
    block[steps[-1]] = value

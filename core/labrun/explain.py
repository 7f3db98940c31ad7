"""pydantic's errors in the words of a project: the key, what was expected, what was found, where it stands."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ValidationError

from labrun.faults import Fault, Place, did_you_mean, nearest
from labrun.yaml12 import KeyPath

__all__ = ["explain"]

Locate = Callable[[KeyPath, bool], Place | None]
"""From a path within the value (and whether the key is meant) to its place."""

_EXPECTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "string_type": "a text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}

_BOUNDS = {
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be above {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be below {lt}",
    "string_pattern_mismatch": "may hold letters, digits, '_' and '-' only, and begins with a letter",
    "too_short": "needs at least {min_length} item(s)",
    "too_long": "may have at most {max_length} item(s)",
}


def explain(error: ValidationError, model: type[BaseModel], value: Any, where: str, locate: Locate) -> list[Fault]:
    """Turn a validation error of `value` into faults; `where` names the block in words.

    A key that is missing while a misspelt one is there makes one fault, not two; the alternatives of a union make one
    too.
    """
    problems: dict[tuple[KeyPath, bool], list[Any]] = {}
    for problem in error.errors(include_url=False):
        path = _real_path(problem["loc"], value, problem["type"])
        problems.setdefault((path, problem["type"] in ("extra_forbidden", "missing")), []).append(problem)
    misspelt = {path[-1] for (path, _), found in problems.items() if path and found[0]["type"] == "extra_forbidden"}
    faults = []
    for (path, _), found in problems.items():
        kind = found[0]["type"]
        known = _known_keys(model, path[:-1])
        if kind == "missing" and any(nearest(str(key), known) == path[-1] for key in misspelt):
            continue
        faults.append(Fault(_message(found, path, where, known), locate(path, kind == "extra_forbidden")))
    return faults


def _real_path(location: tuple[int | str, ...], value: Any, kind: str) -> KeyPath:
    """The part of pydantic's location that exists in the value: tags of unions and validators drop out."""
    path: list[int | str] = []
    inner: Any = value
    for step in location:
        if isinstance(inner, dict):
            exists = isinstance(step, str) and step in inner
        else:
            exists = isinstance(inner, list) and isinstance(step, int) and step < len(inner)
        if exists:
            path.append(step)
            inner = inner[step]
    if kind == "missing":
        path.append(location[-1])
    return tuple(path)


def _message(found: list[dict[str, Any]], path: KeyPath, where: str, known: list[str]) -> str:
    name = ".".join([where, *(str(step) for step in path[:-1])]) if path else where
    full = f"{where}: {'.'.join(str(step) for step in path)}" if path else where
    problem = found[0]
    kind = problem["type"]
    if kind == "extra_forbidden":
        return f"unknown key '{path[-1]}' in {name}{did_you_mean(str(path[-1]), known)}"
    if kind == "missing":
        return f"{name} lacks the key '{path[-1]}'"
    wanted = list(dict.fromkeys(_EXPECTED[p["type"]] for p in found if p["type"] in _EXPECTED))
    if wanted and kind in _EXPECTED:
        return f"{full}: expected {' or '.join(wanted)}, found {_shown(problem['input'])}"
    if kind in _BOUNDS:
        return f"{full}: {_BOUNDS[kind].format(**problem.get('ctx', {}))} (found {_shown(problem['input'])})"
    if kind == "literal_error":
        choices = problem["ctx"]["expected"]
        words = [word.strip("' ") for word in choices.replace(" or ", ", ").split(",")]
        near = nearest(str(problem["input"]), words)
        return f"{full}: expected {choices}, found {_shown(problem['input'])}" + (
            f": did you mean '{near}'?" if near else ""
        )
    text = problem["msg"].removeprefix("Value error, ")
    return f"{full}: {text}"


def _shown(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return f"the text '{value[:60]}'"
        case dict():
            return "a mapping"
        case list():
            return "a list"
    return str(value)


def _known_keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys that the block at `path` may have, as a project writes them."""
    blocks: list[type[BaseModel]] = [model]
    for step in path:
        annotations = [f.annotation for b in blocks for n, f in b.model_fields.items() if step in (n, f.alias)]
        blocks = [found for annotation in annotations for found in _models_in(annotation)] or (
            blocks if isinstance(step, int) else []
        )
    return list(dict.fromkeys(field.alias or name for block in blocks for name, field in block.model_fields.items()))


def _models_in(annotation: Any) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif typing.get_origin(annotation) in (typing.Union, types.UnionType, Annotated, list, dict, tuple):
        for argument in typing.get_args(annotation):
            yield from _models_in(argument)

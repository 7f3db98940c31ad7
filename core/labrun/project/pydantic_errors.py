"""Put pydantic's errors into the words of a project: the key, what was expected, what was found, where it stands."""

from __future__ import annotations

import itertools
import typing
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from labrun.faults import Fault, Place, did_you_mean, nearest
from labrun.project.annotations import options_of
from labrun.project.yaml12 import KeyPath

__all__ = ["MAX_FAULTS", "explain"]

MAX_FAULTS = 1000

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

_OF_KEYS = ("extra_forbidden", "missing")

_BOUNDS = {
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be above {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be below {lt}",
    "string_pattern_mismatch": "must begin with a letter and hold only letters, digits, '_' and '-'",
    "string_too_long": "must be at most {max_length} characters long",
    "too_short": "needs at least {min_length} item(s)",
    "too_long": "may have at most {max_length} item(s)",
}


def explain(
    error: ValidationError, model: type[BaseModel], value: Any, name: Callable[[KeyPath], str], locate: Locate
) -> list[Fault]:
    """Turn a validation error of `value` into faults; `name` says in words to which block the value at a path belongs.

    A missing key and its misspelling make one fault, not two; so do the alternatives of a union.
    """
    problems: dict[tuple[KeyPath, bool], list[Any]] = {}
    for problem in error.errors(include_url=False):
        path = _real_path(problem["loc"], value, problem["type"])
        problems.setdefault((path, problem["type"] in _OF_KEYS), []).append(problem)
    misspelt = [path for (path, _), found in problems.items() if found[0]["type"] == "extra_forbidden"]
    inside = {path[:end] for path, _ in problems for end in range(len(path))}
    faults = []
    for (path, of_key), found in itertools.islice(problems.items(), MAX_FAULTS + 1):
        known = _known_keys(model, path[:-1])
        if found[0]["type"] == "missing" and any(
            other[:-1] == path[:-1] and nearest(str(other[-1]), known) == path[-1] for other in misspelt
        ):
            continue  # the key is there, misspelt
        if not of_key and path in inside and found[0]["type"] in _EXPECTED:
            continue  # another alternative got further, and reports what is wrong there
        faults.append(
            Fault(_message(found, path, name(path), known), locate(path, found[0]["type"] == "extra_forbidden"))
        )
    return faults


def _real_path(location: tuple[int | str, ...], value: Any, kind: str) -> KeyPath:
    """Return the part of pydantic's location that exists in the value, without tags of unions and validators."""
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
        bounds = {key: _plain(bound) for key, bound in problem.get("ctx", {}).items()}
        return f"{full}: {_BOUNDS[kind].format(**bounds)} (found {_shown(problem['input'])})"
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
            return f"the text '{value:.60}'"
        case dict():
            return "a mapping"
        case list():
            return "a list"
    return f"{_plain(value)!s:.60}"


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def _known_keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """Return the keys that the block at `path` may have, as a project writes them."""
    annotations: list[Any] = [model]
    for step in path:
        annotations = [inner for annotation in annotations for inner in _inside(annotation, step)]
    blocks = [option for annotation in annotations for option in options_of(annotation) if _is_block(option)]
    return list(dict.fromkeys(field.alias or name for block in blocks for name, field in block.model_fields.items()))


def _inside(annotation: Any, step: int | str) -> Iterator[Any]:
    """Yield the annotations of what may stand at `step` (a key, or the number of an item) of a value."""
    for option in options_of(annotation):
        if _is_block(option):
            yield from (f.annotation for name, f in option.model_fields.items() if step in (name, f.alias))
        elif typing.get_origin(option) is dict:
            yield typing.get_args(option)[1]
        else:
            yield from typing.get_args(option)


def _is_block(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)

"""Describe the fields of a plugin in words: the type of a value, its bounds and its default."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, PydanticUserError

__all__ = ["FieldInWords", "fields_in_words", "type_in_words"]

Schema = Mapping[str, Any]

DEEPEST = 3
"""The depth to which blocks within blocks are described."""


@dataclass(frozen=True)
class FieldInWords:
    """One field; that of a block within the plugin has a path such as `lattice.cell`."""

    path: str
    type: str
    required: bool
    default: Any
    description: str

    @property
    def depth(self) -> int:
        """The number of blocks that it is nested in."""
        return self.path.count(".")

    @property
    def default_in_words(self) -> str:
        """The default as a project writes it; a dash if there is none."""
        if self.required:
            return "required"
        if self.default is None:
            return "–"
        return self.default if isinstance(self.default, str) and self.default else json.dumps(self.default)


def fields_in_words(plugin: type[BaseModel]) -> Iterator[FieldInWords]:
    """Yield the fields in order, each followed by those of the blocks that it may hold."""
    try:
        schema = plugin.model_json_schema()
    except PydanticUserError:  # a field whose type JSON cannot express
        for name, field in plugin.model_fields.items():
            kind = getattr(field.annotation, "__name__", str(field.annotation))
            yield FieldInWords(field.alias or name, kind, field.is_required(), None, field.description or "")
        return
    definitions = schema.get("$defs", {})
    yield from _fields(_resolved(schema, definitions), definitions, "")


def _fields(block: Schema, definitions: Schema, prefix: str) -> Iterator[FieldInWords]:
    required = block.get("required", ())
    for name, schema in block.get("properties", {}).items():
        path = f"{prefix}{name}"
        kind = type_in_words(schema, definitions)
        yield FieldInWords(path, kind, name in required, schema.get("default"), schema.get("description", ""))
        if path.count(".") < DEEPEST:
            for inner in _blocks(schema, definitions):
                yield from _fields(inner, definitions, f"{path}.")


def _blocks(schema: Schema, definitions: Schema) -> Iterator[Schema]:
    """Yield the blocks that a value, or an item of it, may be."""
    found = _resolved(schema, definitions)
    if "properties" in found:
        yield found
    inner = [found[key] for key in ("items", "additionalProperties") if isinstance(found.get(key), dict)]
    inner += found.get("patternProperties", {}).values()
    for option in [*_options(found), *inner, *found.get("prefixItems", ())]:
        yield from _blocks(option, definitions)


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """Return the schema that a reference points to, or the schema itself if it is not a reference."""
    return definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _options(schema: Schema) -> list[Schema]:
    return [option for key in ("anyOf", "oneOf", "allOf") for option in schema.get(key, ())]


def type_in_words(schema: Schema, definitions: Schema, *, many: bool = False) -> str:
    """Describe the values that a schema allows: `number in [0, 1)`, `text | list of 2 numbers`; in the plural if `many`."""
    if "$ref" in schema:
        return type_in_words(_resolved(schema, definitions), definitions, many=many)
    if "enum" in schema or "const" in schema:
        choices = " | ".join(str(choice) for choice in schema.get("enum", [schema.get("const")]))
        return f"({choices})" if many else choices
    if options := _options(schema):
        words = dict.fromkeys(type_in_words(o, definitions, many=many) for o in options if o.get("type") != "null")
        return f"({' | '.join(words)})" if many and len(words) > 1 else " | ".join(words)
    if schema.get("type") == "array":
        return _list_in_words(schema, definitions, many)
    if schema.get("type") == "object":
        values = schema.get("additionalProperties") or next(iter(schema.get("patternProperties", {}).values()), None)
        to = f" to {type_in_words(values, definitions, many=True)}" if isinstance(values, dict) and values else ""
        return f"mapping{'s' * many}{to}"
    return _scalar_in_words(schema, many)


def _list_in_words(schema: Schema, definitions: Schema, many: bool) -> str:
    lists = f"list{'s' * many}"
    if "prefixItems" in schema:
        words = [type_in_words(item, definitions, many=True) for item in schema["prefixItems"]]
        if len(set(words)) == 1:
            return f"{lists} of {len(words)} {words[0]}"
        return f"[{', '.join(type_in_words(item, definitions) for item in schema['prefixItems'])}]"
    items = schema.get("items")
    return f"{lists} of {type_in_words(items, definitions, many=True)}" if items else lists


_WORDS = {
    "integer": ("whole number", "whole numbers"),
    "number": ("number", "numbers"),
    "string": ("text", "texts"),
    "boolean": ("true or false", "true or false"),
    "null": ("nothing", "nothing"),
}


def _scalar_in_words(schema: Schema, many: bool) -> str:
    if schema.get("format") in ("path", "file-path", "directory-path"):
        return "paths" if many else "path"
    word = _WORDS.get(schema.get("type", ""), ("anything", "anything"))[many]
    return " ".join([word, *_bounds(schema)])


def _bounds(schema: Schema) -> Iterator[str]:
    """Yield the bounds: `in (0, 1]` if there are two, else `≥ 0` and the like."""
    low, high = (schema.get(key, schema.get(f"exclusive{key.title()}")) for key in ("minimum", "maximum"))
    if low is not None and high is not None:
        yield f"in {'[' if 'minimum' in schema else '('}{low:g}, {high:g}{']' if 'maximum' in schema else ')'}"
    elif low is not None:
        yield f"{'≥' if 'minimum' in schema else '>'} {low:g}"
    elif high is not None:
        yield f"{'≤' if 'maximum' in schema else '<'} {high:g}"

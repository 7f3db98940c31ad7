"""The JSON Schema of a project with the plugins that are installed, for editors."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, PydanticUserError

from labrun.blocks import STAGE_BLOCKS, STAGE_NAME, Head
from labrun.inputs import SECTIONS
from labrun.registry import Registry

__all__ = ["project_schema"]


def project_schema(registry: Registry) -> dict[str, Any]:
    """A schema of draft 7. Each stage's `with` follows the plugin that its `use` names (`if … then`, so that an
    editor's complaint is about that plugin and not about all of them).

    No key is required: `extends`, a sweep or a matrix may give what does not stand in a file. `labrun check` tells
    what is missing.
    """
    definitions: dict[str, Any] = {}
    _embed(Head, "Head", definitions)
    properties = dict(definitions.pop("Head")["properties"])
    for section, base in SECTIONS.items():
        kind = base.__name__
        _embed(STAGE_BLOCKS[section], kind, definitions)
        offers = [offer for offer in registry.offers if offer.section == section]
        names = {offer: [offer.name, f"{offer.distribution}:{offer.name}"] for offer in offers}
        definitions[kind]["properties"]["use"]["examples"] = [offer.name for offer in offers]
        definitions[kind]["allOf"] = [
            {
                "if": {"properties": {"use": {"enum": names[offer]}}, "required": ["use"]},
                "then": {"properties": {"with": _embed(offer.plugin, f"{kind}.{offer.name}", definitions)}},
            }
            for offer in offers
        ]
        reference = {"$ref": f"#/definitions/{kind}"}
        stages = {"type": "object", "propertyNames": {"pattern": STAGE_NAME}, "additionalProperties": reference}
        properties[section] = {**stages, "description": f"{base.__name__} stages, by name"}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "labrun project",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "definitions": definitions,
    }


def _embed(model: type[BaseModel], name: str, definitions: dict[str, Any]) -> dict[str, str]:
    """Put a model's schema and its own definitions among ours, under names that begin with `name`."""
    try:
        schema = model.model_json_schema()
    except PydanticUserError as error:  # a field of a type that JSON does not know
        schema = {"description": f"there is no schema of this plugin: {error.message}"}
    own = schema.pop("$defs", {})
    text = json.dumps({"": schema} | own).replace('"#/$defs/', f'"#/definitions/{name}:')
    for key, value in json.loads(text).items():
        value.pop("required", None)
        definitions[f"{name}:{key}" if key else name] = value
    return {"$ref": f"#/definitions/{name}"}

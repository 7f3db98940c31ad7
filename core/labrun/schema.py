"""The JSON Schema of a project with the plugins that are installed, for editors."""

from __future__ import annotations

import json
from typing import Any

from labrun.blocks import STAGE_BLOCKS, Head
from labrun.inputs import SECTIONS
from labrun.registry import Registry

__all__ = ["project_schema"]


def project_schema(registry: Registry) -> dict[str, Any]:
    """A schema of draft 7. Each stage's `with` follows the plugin that its `use` names (`if … then`, so that an
    editor's complaint is about that plugin and not about all of them)."""
    definitions: dict[str, Any] = {}
    _embedded(Head.model_json_schema(), "Head", definitions)
    properties = dict(definitions.pop("Head")["properties"])
    for section, base in SECTIONS.items():
        name = base.__name__
        _embedded(STAGE_BLOCKS[section].model_json_schema(), name, definitions)
        offers = [o for o in registry.offers if o.section == section]
        definitions[name]["properties"]["use"] = {
            "type": "string",
            "description": "plugin",
            "examples": [o.name for o in offers],
        }
        definitions[name]["allOf"] = []
        for offer in offers:
            plugin = f"{name}.{offer.name}"
            reference = _embedded(offer.plugin.model_json_schema(), plugin, definitions)
            definitions[plugin].pop("required", None)  # a sweep or a matrix may give what is not under 'with'
            condition = {"properties": {"use": {"const": offer.name}}, "required": ["use"]}
            definitions[name]["allOf"].append({"if": condition, "then": {"properties": {"with": reference}}})
        properties[section] = {"type": "object", "additionalProperties": {"$ref": f"#/definitions/{name}"}}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "labrun project",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "definitions": definitions,
    }


def _embedded(schema: dict[str, Any], name: str, definitions: dict[str, Any]) -> dict[str, str]:
    """Put a schema and its own definitions among ours, under names that begin with `name`."""
    own = schema.pop("$defs", {})
    text = json.dumps({"": schema} | own).replace('"#/$defs/', f'"#/definitions/{name}:')
    for key, value in json.loads(text).items():
        definitions[f"{name}:{key}" if key else name] = value
    return {"$ref": f"#/definitions/{name}"}

"""Make the JSON Schema of a project with the installed plugins, for editors."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from pydantic import BaseModel, PydanticUserError

from labrun.contracts.inputs import SECTIONS
from labrun.contracts.naming import LONGEST_NAME
from labrun.project.blocks import STAGE_BLOCKS, STAGE_NAME, Head
from labrun.registry.registry import Offer, Registry

__all__ = ["project_schema"]


def project_schema(registry: Registry) -> dict[str, Any]:
    """Return a schema of draft 7. Each stage's `with` follows the plugin that its `use` names (by `if … then`, so an
    editor complains about that plugin and not about all of them).

    No key is required, because `extends`, a sweep or a matrix may provide it; `labrun check` reports what is missing. `use` may name a
    plugin that is not installed if the project lists plugin files or extends another project.
    """
    definitions: dict[str, Any] = {}
    _embed(Head, "Head", definitions)
    properties = dict(definitions.pop("Head")["properties"])
    known: dict[str, Any] = {}
    for section, base in SECTIONS.items():
        kind = base.__name__
        _embed(STAGE_BLOCKS[section], kind, definitions)
        offers = [offer for offer in registry.offers if offer.section == section]
        _follow_use(definitions, kind, offers)
        if section == "simulations":
            _follow_use(
                definitions, f"{kind}:Chosen", [offer for offer in registry.offers if offer.section == "samplers"]
            )
        reference = {"$ref": f"#/definitions/{kind}"}
        stages = {
            "type": "object",
            "propertyNames": {"pattern": STAGE_NAME, "maxLength": LONGEST_NAME},
            "additionalProperties": reference,
        }
        properties[section] = {**stages, "description": f"{kind} stages, by name"}
        known[section] = _known(kind, offers)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "labrun project",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "if": {"not": {"anyOf": [{"required": ["plugins"]}, {"required": ["extends"]}]}},
        "then": {"properties": known},
        "definitions": definitions,
    }


def _known(kind: str, offers: list[Offer]) -> dict[str, Any]:
    """Describe stages that use installed plugins. (An `enum` would do, but editors show all of it at every turn.)"""
    names = "|".join(f"({_literal(offer.distribution)}:)?{_literal(offer.name)}" for offer in offers)
    message = f"no {kind.lower()} of this name is installed; labrun list-plugins lists those that are"
    use = {"pattern": f"^({names})$", "patternErrorMessage": message}
    return {"additionalProperties": {"properties": {"use": use}}}


def _follow_use(definitions: dict[str, Any], name: str, offers: list[Offer]) -> None:
    """Let `use` offer plugins, and `with` follow the one that is named, in the block of this name."""
    block = definitions[name]
    times = Counter(offer.name for offer in offers)
    block["properties"]["use"]["anyOf"] = [
        *({"const": _short(offer, times), "description": offer.summary} for offer in offers),
        {"type": "string"},
    ]
    if not offers:  # an empty list is not allowed
        return
    block["allOf"] = [
        {
            "if": {"properties": {"use": {"pattern": _pattern(offer, times)}}, "required": ["use"]},
            "then": {"properties": {"with": _embed(offer.plugin, f"{name}.{_short(offer, times)}", definitions)}},
        }
        for offer in offers
    ]


def _short(offer: Offer, times: Counter[str]) -> str:
    """Return what a project writes: the name, with its distribution where several offer it."""
    return offer.name if times[offer.name] == 1 else f"{offer.distribution}:{offer.name}"


def _pattern(offer: Offer, times: Counter[str]) -> str:
    distribution = f"({_literal(offer.distribution)}:){'?' * (times[offer.name] == 1)}"
    return f"^{distribution}{_literal(offer.name)}$"


def _literal(text: str) -> str:
    """Escape the text for a regular expression of JavaScript, which allows no backslash before `-` (`re.escape` writes one)."""
    return re.sub(r"[.*+?^${}()|\[\]\\/]", r"\\\g<0>", text)


def _embed(model: type[BaseModel], name: str, definitions: dict[str, Any]) -> dict[str, str]:
    """Add a model's schema and its definitions to ours, under names that begin with `name`."""
    try:
        schema = model.model_json_schema()
    except PydanticUserError as error:  # a field of a type that JSON does not know
        schema = {"description": f"this plugin has no schema: {error.message}"}
    own = schema.pop("$defs", {})
    text = json.dumps({"": schema} | own).replace('"#/$defs/', f'"#/definitions/{name}:')
    for key, value in json.loads(text).items():
        value.pop("required", None)
        definitions[f"{name}:{key}" if key else name] = _as_draft_7(value)
    return {"$ref": f"#/definitions/{name}"}


def _as_draft_7(schema: Any) -> Any:
    """Replace the keyword for the items of a tuple, which pydantic takes from a later draft, by that of draft 7; and `oneOf`, since
    alternatives overlap when no key is required."""
    if isinstance(schema, list):
        return [_as_draft_7(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    renamed = {"prefixItems": "items", "oneOf": "anyOf"}
    return {renamed.get(key, key): _as_draft_7(value) for key, value in schema.items()}

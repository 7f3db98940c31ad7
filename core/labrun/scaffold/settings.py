"""Choose values for the required fields of a plugin in a new project: known ones, guessed ones, and those the user must give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import PydanticUserError, ValidationError

from labrun.contracts.inputs import Outline
from labrun.contracts.plugin import Plugin

__all__ = ["Settings", "choose_settings", "choose_sweep", "flatten_outlines"]

Outlines = Mapping[str, Outline | list[Outline] | None]
NONSENSE = "no such name"
"""Not the name of any array or column: a plugin that accepts it does not check its fields."""


@dataclass
class Settings:
    """The values under `with`, by field."""

    values: dict[str, Any] = field(default_factory=dict)
    guessed: list[str] = field(default_factory=list)
    """Fields with a valid value that is only guessed."""
    missing: list[str] = field(default_factory=list)
    """Required fields without a value."""


def choose_settings(plugin: type[Plugin], outlines: Outlines) -> Settings:
    """Choose settings for a plugin whose inputs `outlines` describe.

    Numbers are taken from the `examples` of their field, or lie within its bounds. Texts are names of arrays and columns that the
    plugin's `check` accepts. A preset supplies fields without a known value.
    """
    schemas = _schemas(plugin)
    settings = Settings()
    for key in _required(plugin):
        schema = schemas.get(key, {})
        value = _placeholder(schema)
        if value is None:
            settings.missing.append(key)
            continue
        settings.values[key] = value
        if "examples" not in schema and value != NONSENSE:
            settings.guessed.append(key)
    _use_preset(plugin, schemas, settings)
    _name_inputs(plugin, schemas, settings, outlines)
    return settings


def choose_sweep(plugin: type[Plugin], settings: Settings) -> dict[str, list[Any]]:
    """Choose some values of the first required number of a simulator, or else of the first number with a default. The number is
    removed from the settings."""
    schemas = _schemas(plugin)
    for key in [*settings.values, *(key for key in schemas if "default" in schemas[key])]:
        schema = _number(schemas.get(key, {}))
        middle = settings.values.get(key, schemas.get(key, {}).get("default"))
        if schema is None or not isinstance(middle, int | float):
            continue
        whole = schema["type"] == "integer"
        around = [middle / 2, middle, middle * 2] if middle else [0, 0.5, 1]
        values = list(dict.fromkeys(round(value) if whole else float(f"{value:.6g}") for value in around))
        fitting = [value for value in values if _is_valid(plugin, settings.values | {key: value})]
        if len(fitting) > 1:
            settings.values.pop(key, None)
            return {key: fitting}
    return {}


def _schemas(plugin: type[Plugin]) -> dict[str, dict[str, Any]]:
    """The JSON Schema of each field, references resolved."""
    try:
        whole = plugin.model_json_schema()
    except PydanticUserError:  # a field of a type that JSON does not know
        return {}
    definitions = whole.get("$defs", {})

    def resolved(schema: dict[str, Any]) -> dict[str, Any]:
        return definitions[schema["$ref"].rpartition("/")[2]] | schema if "$ref" in schema else schema

    return {key: resolved(schema) for key, schema in whole.get("properties", {}).items()}


def _required(plugin: type[Plugin]) -> list[str]:
    return [found.alias or key for key, found in plugin.model_fields.items() if found.is_required()]


def _placeholder(schema: Mapping[str, Any]) -> Any:
    """An example of a value, or a valid one, or `NONSENSE` for a text; None where no value is known."""
    if "examples" in schema:
        return schema["examples"][0]
    if "enum" in schema or "const" in schema:
        return schema.get("enum", [schema.get("const")])[0]
    if options := _options(schema):
        return next((value for option in options if (value := _placeholder(option)) is not None), None)
    if schema.get("type") in ("number", "integer"):
        return _within_bounds(schema)
    return NONSENSE if schema.get("type") == "string" and "format" not in schema else None


def _within_bounds(schema: Mapping[str, Any]) -> float:
    """The middle of an interval; with a single bound, the value 1 inside it."""
    low, high = (schema.get(key, schema.get(f"exclusive{key.title()}")) for key in ("minimum", "maximum"))
    if low is None or high is None:
        value = 1 if low is None and high is None else low + 1 if high is None else high - 1
    else:
        value = (low + high) / 2
    return int(value) if schema["type"] == "integer" else float(value)


def _number(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema of a number, also where the field takes other types too."""
    options = [schema, *_options(schema)]
    return next((option for option in options if option.get("type") in ("number", "integer")), None)


def _options(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [option for key in ("anyOf", "oneOf") for option in schema.get(key, ())]


def _use_preset(plugin: type[Plugin], schemas: Mapping[str, Any], settings: Settings) -> None:
    preset = schemas.get("preset", {})
    options = [choice for one in [preset, *_options(preset)] for choice in one.get("enum", ())]
    for choice in options if settings.missing else ():
        if _is_valid(plugin, settings.values | {"preset": choice}):
            settings.values["preset"] = choice
            settings.missing = []
            return


def _name_inputs(plugin: type[Plugin], schemas: Mapping[str, Any], settings: Settings, outlines: Outlines) -> None:
    """Name arrays and columns of inputs in the fields that ask for them, also where a default names a missing one."""
    flat = flatten_outlines(outlines.values())
    arrays = list(dict.fromkeys(name for one in flat for name in one.outputs or ()))
    columns = list(dict.fromkeys(name for one in flat for name in one.columns))
    texts = [key for key, value in settings.values.items() if value == NONSENSE]
    refused = _refused(plugin, settings.values, outlines) or ()
    for key in [*texts, *(key for key in schemas if key in refused and key not in texts)]:
        fitting = [name for name in [*arrays, *columns] if _accepts(plugin, key, name, settings, outlines)]
        if fitting and not _accepts(plugin, key, NONSENSE, settings, outlines):
            settings.values[key] = fitting[0]
        elif key in texts and (described := arrays if "array" in schemas[key].get("description", "") else columns):
            settings.values[key] = described[0]
            settings.guessed.append(key)
        elif key in texts:
            del settings.values[key]
            settings.missing.append(key)


def _accepts(plugin: type[Plugin], key: str, value: Any, settings: Settings, outlines: Outlines) -> bool:
    """Check whether the plugin's `check` accepts a value of one field."""
    refused = _refused(plugin, settings.values | {key: value}, outlines)
    return refused is not None and key not in refused


def _refused(plugin: type[Plugin], values: Mapping[str, Any], outlines: Outlines) -> set[str] | None:
    """The fields that the plugin's `check` rejects; None where it cannot be called."""
    try:
        return {key for key, _ in plugin.configured(values).check(**outlines)}
    except Exception:  # a plugin's validators and its check may raise anything
        return None


def _is_valid(plugin: type[Plugin], values: Mapping[str, Any]) -> bool:
    """Check whether these values are valid, apart from missing ones."""
    try:
        plugin.configured(values)
    except ValidationError as error:
        return all(problem["type"] == "missing" for problem in error.errors())
    except Exception:  # as above
        return False
    return True


def flatten_outlines(outlines: Iterable[Outline | list[Outline] | None]) -> list[Outline]:
    """Return all outlines of the inputs of a stage."""
    return [one for found in outlines if found for one in (found if isinstance(found, list) else [found])]

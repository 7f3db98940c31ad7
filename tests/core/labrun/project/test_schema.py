"""The JSON Schema: sound, and of one mind with `labrun check` about what may stand in a project."""

import re
from pathlib import Path

import pytest
import yaml

from labrun.project.schema import project_schema
from labrun.registry.registry import Registry

LAB = Path(__file__).parents[3] / "lab.py"


@pytest.fixture(scope="module")
def schema():
    registry = Registry()
    assert registry.add_file(LAB) is None
    return project_schema(registry)


TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "number": (int, float),
    "integer": int,
}


def of_type(value, name):
    return isinstance(value, TYPES[name]) and (not isinstance(value, bool) or name == "boolean")


def accepts(schema, value, whole):
    """What draft 7 says of the keywords that pydantic writes; an unknown keyword is an error of this test."""
    if "$ref" in schema:
        return accepts(whole["definitions"][schema["$ref"].removeprefix("#/definitions/")], value, whole)
    return all(accepts_one(keyword, wanted, schema, value, whole) for keyword, wanted in schema.items())


def accepts_one(keyword, wanted, schema, value, whole):
    match keyword:
        case (
            "$schema"
            | "title"
            | "description"
            | "patternErrorMessage"
            | "default"
            | "examples"
            | "definitions"
            | "then"
            | "required"
        ) if keyword != "required":
            return True
        case "required":
            return not isinstance(value, dict) or set(wanted) <= set(value)
        case "type":
            return of_type(value, wanted)
        case "const":
            return value == wanted
        case "enum":
            return value in wanted
        case "pattern":
            return not isinstance(value, str) or re.search(wanted, value) is not None
        case "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum":
            if not of_type(value, "number"):
                return True
            return {
                "minimum": value >= wanted,
                "exclusiveMinimum": value > wanted,
                "maximum": value <= wanted,
                "exclusiveMaximum": value < wanted,
            }[keyword]
        case "minItems" | "maxItems":
            return not isinstance(value, list) or (
                len(value) >= wanted if keyword == "minItems" else len(value) <= wanted
            )
        case "minProperties" | "maxProperties":
            return not isinstance(value, dict) or (
                len(value) >= wanted if keyword == "minProperties" else len(value) <= wanted
            )
        case "items" if isinstance(wanted, list):
            return not isinstance(value, list) or all(
                accepts(s, item, whole) for s, item in zip(wanted, value, strict=False)
            )
        case "items":
            return not isinstance(value, list) or all(accepts(wanted, item, whole) for item in value)
        case "anyOf":
            return any(accepts(option, value, whole) for option in wanted)
        case "allOf":
            return all(accepts(option, value, whole) for option in wanted)
        case "not":
            return not accepts(wanted, value, whole)
        case "if":
            return not accepts(wanted, value, whole) or accepts(schema["then"], value, whole)
        case "maxLength":
            return not isinstance(value, str) or len(value) <= wanted
        case "propertyNames":
            return not isinstance(value, dict) or all(accepts(wanted, key, whole) for key in value)
        case "properties":
            return not isinstance(value, dict) or all(
                accepts(s, value[k], whole) for k, s in wanted.items() if k in value
            )
        case "additionalProperties":
            others = (
                [v for k, v in value.items() if k not in schema.get("properties", {})]
                if isinstance(value, dict)
                else []
            )
            return all(wanted if isinstance(wanted, bool) else accepts(wanted, other, whole) for other in others)
    raise AssertionError(f"the schema has the keyword {keyword}, which this test does not know")


def references(value):
    if isinstance(value, dict):
        yield from [value["$ref"]] if "$ref" in value else []
        yield from (ref for inner in value.values() for ref in references(inner))
    elif isinstance(value, list):
        yield from (ref for inner in value for ref in references(inner))


def test_every_reference_is_there(schema):
    found = set(references(schema))
    assert found
    assert {ref.removeprefix("#/definitions/") for ref in found} <= set(schema["definitions"])


def test_draft_7(schema):
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft7Validator.check_schema(schema)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        (
            "{table: waves.csv, labels: [class]}",
            "{grid: {amplitude: {from: 1, to: 2, step: 1}, points: [3, 4], noise: none}}",
        ),
        (
            "{table: waves.csv, labels: [class]}",
            "{random: {count: 3, columns: {amplitude: {from: 1, to: 2}}}, repeats: 2}",
        ),
        ("use: wave", "use: lab.py:wave"),
        ("models: [net]", "models: net"),
        ("epochs: 2", "epochs: 2, augment: {flip: both}"),
        ("epochs: 2", "epochs: 2, augment: [flip, {zoom: 0.1}]"),
        ("use: line\n", "use: line\n    matrix: {with.learning_rate: [0.1, 0.2]}\n"),
        ("use: wave\n", "use: wave\n    timeout: 90\n"),
        ("use: wave\n", "use: wave\n    timeout: 1 h 30 min\n"),
        ("project: waves", "extends: base.yaml"),
    ],
)
def test_accepts(schema, waves, old, new):
    assert accepts(schema, yaml.safe_load(waves.replace(old, new, 1)), schema)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seed: 3", "sed: 3"),
        ("points: 6", "point: 6"),
        ("points: 6", "points: six"),
        ("points: 6", "points: 1"),
        ("    split:", "    splits:"),
        ("epochs: 2", "epochs: 0"),
        ("use: wave\n", "use: wave\n    timeout: 0\n"),
        ("use: wave\n", "use: wave\n    timeout: soon\n"),
        ("  net:", "  2net:"),
        ("{train: 0.5", "{train: 1.5"),
    ],
)
def test_refuses(schema, waves, old, new):
    assert old in waves
    assert not accepts(schema, yaml.safe_load(waves.replace(old, new, 1)), schema)


def test_a_plugin_that_has_no_schema(tmp_path):
    (tmp_path / "odd.py").write_text(
        "from labrun import *\nfrom collections.abc import Callable\n"
        "class Odd(Simulator):\n    name = 'odd'\n    f: Callable = print\n    def simulate(self, rng): ...\n"
        "@hookimpl\ndef labrun_simulators(): return [Odd]\n"
    )
    registry = Registry()
    assert registry.add_file(tmp_path / "odd.py") is None
    described = project_schema(registry)["definitions"]["Simulator.odd"]["description"]
    assert described.startswith("this plugin has no schema: ")

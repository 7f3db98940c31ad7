"""Fragments of YAML on the pages: labrun would accept each stage, sweep or field in them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from labrun.contracts.inputs import SECTIONS
from labrun.faults import ProjectFaults
from labrun.learning.augmentation import Augmentation
from labrun.learning.schedule import Schedule
from labrun.learning.settings import EarlyStopping, FitBlock, SamplesBlock
from labrun.project.adaptive import Adaptive, Chosen, Measured, Start, Until
from labrun.project.blocks import STAGE_BLOCKS, Head, Split
from labrun.project.ranges import Interval, Range
from labrun.project.sweep import Random, Sweep
from labrun.project.yaml12 import Document
from labrun.registry.registry import Registry

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"(?<!`:\n\n)```yaml\n(.*?)```", re.DOTALL)
LANGUAGE = [
    Head,
    *STAGE_BLOCKS.values(),
    Split,
    FitBlock,
    EarlyStopping,
    SamplesBlock,
    Augmentation,
    Schedule,
    Sweep,
    Range,
    Interval,
    Random,
    Adaptive,
    Start,
    Chosen,
    Measured,
    Until,
]
PARTS = {"sweep": Sweep, "fit": FitBlock, "split": Split}


def fragments():
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for number, found in enumerate(BLOCK.findall(page.read_text(encoding="utf-8"))):
            yield pytest.param(found, id=f"{page.name}-{number}")


def documents(text):
    """Parse the fragment as one document, or each line as a document if a key is repeated."""
    try:
        return [Document.parse(text, "page").value or {}]
    except ProjectFaults as faults:
        if "a second time" not in str(faults):
            raise
    return [Document.parse(line, "page").value for line in text.splitlines()]


def check_stage(section, name, block, offers):
    # keys beside 'use' may be missing here: the page shows them elsewhere
    model = STAGE_BLOCKS[section]
    assert block.keys() <= {field.alias or key for key, field in model.model_fields.items()}, name
    model.model_validate_json(json.dumps(block), strict=True)
    offer = next((o for o in offers if o.section == section and o.name == block["use"]), None)
    assert offer is not None, f"{name}: there is no {section} '{block['use']}'"
    swept = set(block.get("matrix") or {})
    takes_others = offer.plugin.model_config.get("extra") == "allow"  # its parameters have names of the project's own
    for field in block.get("with") or {}:
        known = {name for key, found in offer.plugin.model_fields.items() for name in (key, found.alias)}
        assert takes_others or field in known, f"{name}: {block['use']} has no field '{field}'"
    for key in swept:
        if key.startswith("with."):
            assert key.split(".")[1] in offer.plugin.model_fields


def check(value, offers):
    for key, inner in value.items():
        if key in SECTIONS:
            for name, block in inner.items():
                check_stage(key, name, block, offers)
        elif key in PARTS:
            PARTS[key].model_validate_json(json.dumps(inner), strict=True)
        elif isinstance(inner, dict) and "use" in inner:
            section = next(o.section for o in offers if o.name == inner["use"])
            check_stage(section, key, inner, offers)
        elif key not in Head.model_fields:
            having = [o.plugin for o in offers if key in o.plugin.model_fields]
            assert having, f"no plugin has a field '{key}'"
            having[0].__pydantic_validator__.validate_assignment(having[0].model_construct(), key, inner)


@pytest.mark.parametrize("text", list(fragments()))
def test_fragment_is_what_labrun_takes(text):
    offers = Registry.installed().offers
    for document in documents(text):
        check(document, offers)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "models: {net: {use: pattern_cnn, with: {presett: compact}, fit: {train: a, epochs: 1}}}",
            "no field 'presett'",
        ),
        ("models: {net: {use: patern_cnn, fit: {train: a, epochs: 1}}}", "there is no models 'patern_cnn'"),
        ("latice: {cell: []}", "no plugin has a field 'latice'"),
    ],
)
def test_mistake_in_a_fragment_is_found(text, problem):
    with pytest.raises(AssertionError, match=problem):
        check(documents(text)[0], Registry.installed().offers)


def test_every_key_of_the_language_is_explained():
    page = (ROOT / "docs" / "projects.md").read_text(encoding="utf-8")
    code = " ".join(re.findall(r"```.*?```|`[^`]+`", page, re.DOTALL))
    keys = {(model.__name__, field.alias or name) for model in LANGUAGE for name, field in model.model_fields.items()}
    assert sorted(key for key in keys if not re.search(rf"\b{key[1]}\b", code)) == []

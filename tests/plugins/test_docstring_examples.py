"""The YAML in the docstring of a plugin, which `labrun describe` shows, is a stage that `labrun check` takes."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from labrun.project.load import load
from labrun.project.yaml12 import Document
from labrun.registry.registry import Offer, Registry

BLOCK = re.compile(r"(?:^|\n\n)( {4}(\w+):(?: [\[{]|\n)(?:[^\n]*\n?)(?: {4}[^\n]*\n?)*)")


def examples() -> Iterator[Any]:
    """Every indented block of a simulator's docstring that sets a key of the stage, or a field of the plugin."""
    for offer in Registry.installed().offers:
        for number, (block, key) in enumerate(BLOCK.findall(inspect.cleandoc(offer.plugin.__doc__ or ""))):
            if offer.section == "simulations" and (key in ("sweep", "with") or key in offer.plugin.model_fields):
                found = Document.parse(textwrap.dedent(block), "docstring").value
                yield pytest.param(offer, found, id=f"{offer.name}-{number}")


def stage(offer: Offer, example: dict[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in example.items() if name in offer.plugin.model_fields}
    return {"use": offer.name, **(example if not fields else {"with": fields})}


def lay_files(sweep: dict[str, Any], offer: Offer) -> None:
    """Make what a sweep names: a file for each pattern, or a table with a row of values that say nothing."""
    for pattern in sweep.get("files", {}).values():
        path = Path(re.sub(r"\{\w+\}", "16", pattern).replace("*", "x"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    if "table" in sweep:
        columns = [*sweep["columns"], *sweep.get("labels", [])]
        values = ["a" * 64 if name.endswith("sha256") else f"{name}.bin" for name in columns]
        Path(sweep["table"]).write_text(f"{','.join(columns)}\n{','.join(values)}\n")


@pytest.mark.parametrize(("offer", "example"), [*examples()])
def test_the_example_of_a_docstring(offer, example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lay_files(example.get("sweep", {}), offer)
    Path("p.yaml").write_text(yaml.safe_dump({"project": "p", offer.section: {"s": stage(offer, example)}}))
    assert load(Path("p.yaml")).stages[f"{offer.section}.s"].plugin.name == offer.name


def test_there_are_examples():
    found = {parameters.values[0].name for parameters in examples()}
    assert found >= {"twentyone_cm_files", "image_pair_files", "idx_images", "persistent_exclusion_files"}

"""The examples in docstrings of plugins, which `labrun describe` and the reference show.

Blocks of YAML are run, and words of YAML, such as `padding: periodic`, are checked.
"""

from __future__ import annotations

import csv
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import h5py
import numpy as np
import pytest
from PIL import Image
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from labrun.contracts.plugin import Plugin
from labrun.faults import ProjectFaults
from labrun.files.digests import sha256_of
from labrun.learning.augmentation import Augmentation
from labrun.learning.schedule import Schedule
from labrun.learning.settings import EarlyStopping, FitBlock, SamplesBlock
from labrun.project.blocks import STAGE_BLOCKS, Split
from labrun.project.ranges import Interval, Range
from labrun.project.sweep import Random, Sweep
from labrun.project.yaml12 import Document
from labrun.registry.registry import Offer, Registry

OFFERS = [offer for offer in Registry.installed().offers if offer.distribution == "labrun"]
LANGUAGE = [*STAGE_BLOCKS.values(), Split, Sweep, Range, Interval, Random]
LANGUAGE += [FitBlock, EarlyStopping, SamplesBlock, Augmentation, Schedule]

BLOCK = re.compile(
    r"^    (?:programs:.*\n    )?(?:sweep|with|from|fit|split|simulations|datasets|models|analyses):(?:.*\n)(?:     .*\n)*",
    re.M,
)
WORDS = re.compile(r"(?<!`)`([a-z_]+: [^`…]+)`(?!`)")
Offered = pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: f"{offer.section}-{offer.name}")


def blocks() -> Iterator[Any]:
    """Each block of YAML in a docstring, with the plugin."""
    for offer in OFFERS:
        for number, text in enumerate(BLOCK.findall(inspect.cleandoc(offer.plugin.__doc__ or "") + "\n")):
            yield pytest.param(offer, textwrap.dedent(text), id=f"{offer.name}-{number}")


def test_blocks_of_yaml_are_found():
    assert {parameter.values[0].name for parameter in blocks()} >= FILES.keys()


@pytest.mark.parametrize(("offer", "text"), list(blocks()))
def test_block_of_yaml_is_run(offer, text, tmp_path, labrun_process):
    FILES[offer.name](tmp_path)
    is_stage = f"use: {offer.name}" not in text
    head = f"{offer.section}:\n  example:\n    use: {offer.name}\n" if is_stage else ""
    body = textwrap.indent(text, "    ") if is_stage else text
    (tmp_path / "example.yaml").write_text(f"project: example\n{head}{body}", encoding="utf-8")
    outcome = labrun_process("example.yaml", "--workers", 1)
    assert outcome.code == 0, outcome.out + outcome.err
    (members,) = (tmp_path / "runs/example").glob(f"{offer.section}/*/members.csv")
    assert len(members.read_text().splitlines()) > 1


@Offered
def test_words_of_yaml_are_what_labrun_takes(offer):
    for text in texts(offer.plugin):
        for words in WORDS.findall(text):
            assert problems(words, offer) == [], f"`{words}`"


def texts(plugin: type[Plugin]) -> Iterator[str]:
    yield inspect.cleandoc(plugin.__doc__ or "")
    yield from (field.description or "" for field in plugin.model_fields.values())


def problems(words: str, offer: Offer) -> list[str]:
    """What is wrong in a line of YAML that a docstring shows."""
    try:
        value = Document.parse(words, "docstring").value
    except ProjectFaults as faults:
        return [str(faults)]
    return [problem for key, inner in value.items() for problem in problem_of(key, inner, offer)]


def problem_of(key: str, value: Any, offer: Offer) -> list[str]:
    """Check a value as the plugin's own field, a key of the language, or a field of another plugin."""
    models = [offer.plugin, *LANGUAGE, *(other.plugin for other in OFFERS)]
    fields = [field for model in models for name, field in model.model_fields.items() if key in (name, field.alias)]
    if not fields:
        return [f"nothing has a key '{key}'"]
    found = [problem for field in fields if (problem := unfit(field, value))]
    return [] if len(found) < len(fields) else found[:1]


def unfit(field: FieldInfo, value: Any) -> str:
    try:
        TypeAdapter(Annotated[field.annotation, field]).validate_python(value)
    except ValidationError as error:  # a part of a mapping may be shown
        return "; ".join(problem["msg"] for problem in error.errors() if problem["type"] != "missing")
    return ""


@pytest.mark.parametrize(
    ("words", "problem"),
    [("paddding: periodic", "nothing has a key 'paddding'"), ("padding: perodic", "Input should be"), ("a: [", "a: [")],
)
def test_mistake_in_words_is_found(words, problem):
    unet = next(offer for offer in OFFERS if offer.name == "unet")
    (found,) = problems(words, unet)
    assert problem in found


# -- files that examples read --


def write_table(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_snapshots(folder: Path) -> None:
    with h5py.File(folder / "a.h5", "w") as file:
        file["conf_0"] = np.array([[0, 1, 2], [3, 4, 0]])
    row = {"file": "a.h5", "file_sha256": sha256_of(folder / "a.h5"), "tumbling_rate": 0.1, "density": 0.5}
    write_table(folder / "files.csv", [row])


def write_pairs(folder: Path) -> None:
    row: dict[str, object] = {"lattice": "square"}
    for name, grey in (("dots", 255), ("drawing", 90)):
        Image.new("L", (16, 12), grey).save(folder / f"{name}.png")
        row |= {name: f"{name}.png", f"{name}_sha256": sha256_of(folder / f"{name}.png")}
    write_table(folder / "pairs.csv", [row])


def write_idx(folder: Path) -> None:
    images, labels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4), np.array([1, 0], np.uint8)
    row: dict[str, object] = {}
    for name, values in (("images", images), ("labels", labels)):
        header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes()
        (folder / name).write_bytes(header + values.tobytes())
        row |= {name: name, f"{name}_sha256": sha256_of(folder / name)}
    write_table(folder / "files.csv", [row])


def write_cubes(folder: Path) -> None:
    sky = folder / "cubes" / "joelle_ESC_FRAC_0.070_RNG_150"
    sky.mkdir(parents=True)
    density = np.random.default_rng(1).uniform(-0.9, 0.9, (12, 12, 12)).astype("<f4")
    density.tofile(sky / "updated_smoothed_deltax_z006.50_12_18Mpc")


def write_program(folder: Path) -> None:
    program = folder / "ising"
    program.write_text("#!/bin/sh\nexec head -c $(($2 * $2)) /dev/zero > spins.bin\n")
    program.chmod(0o755)


FILES: dict[str, Callable[[Path], None]] = {
    "persistent_exclusion_files": write_snapshots,
    "image_pair_files": write_pairs,
    "idx_images": write_idx,
    "twentyone_cm_files": write_cubes,
    "mechanical_network": lambda folder: None,
    "program": write_program,
}
"""For each plugin with a block of YAML, what writes the files that it names."""

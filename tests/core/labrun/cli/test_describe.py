"""`labrun describe`."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]


def test_a_simulator(labrun):
    outcome = labrun("describe", "gray_scott")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[0] == "gray_scott  Simulator of labrun 1.0.0, version 1, contracts 1"
    assert re.fullmatch(rf"{ROOT}/plugins/simulators/labrun_gray_scott/__init__.py:\d+", lines[1])
    assert lines[3].startswith("Gray-Scott reaction-diffusion on ")
    assert "with\tfeed\tnumber ≥ 0\trequired\tF, feed rate of u [1/time]" in lines
    assert any(line.startswith("with\tprecision\tsingle | double\tsingle\t") for line in lines)
    assert any(line.startswith("gives\tu\t(height, width, frames), float32") for line in lines)


def test_a_block_within_a_field(labrun):
    out = labrun("describe", "pattern_cnn").out
    assert "with\tblocks\tlist of mappings\trequired\t" in out
    assert "with\tblocks.filters\twhole number ≥ 1\trequired\t" in out
    assert "pretrained\tgray_scott_first_pass\t" in out


def test_a_dataset_says_what_it_is_made_from(labrun):
    assert "\nfrom\tsimulation\tone simulation\n" in labrun("describe", "labrun:labelled").out


def test_an_analysis_of_several(labrun):
    out = labrun("describe", "training_history").out
    assert re.search(r"\nfrom\tmodel\tseveral of 'models'\n", out)


def test_a_name_that_two_kinds_have(labrun):
    out = labrun("describe", "idx_images").out
    assert [line for line in out.splitlines() if line.startswith("idx_images  ")] == [
        "idx_images  Simulator of labrun 1.0.0, version 1, contracts 1",
        "idx_images  Dataset of labrun 1.0.0, version 1, contracts 1",
    ]


@pytest.mark.parametrize(
    ("word", "near"), [("gray_scot", "gray_scott"), ("pattern_cn", "pattern_cnn"), ("mountage", "montage")]
)
def test_an_unknown_plugin(labrun, word, near):
    outcome = labrun("describe", word)
    assert outcome.code == 2
    assert outcome.err.startswith(f"there is no plugin '{word}': did you mean '{near}'?")


def test_for_programs(labrun):
    (told,) = json.loads(labrun("describe", "gray_scott", "--json").out)
    assert {
        "kind": "Simulator",
        "name": "gray_scott",
        "version": 1,
        "api": 1,
        "inputs": [],
        "pretrained": {},
    }.items() <= told.items()
    assert told["fields"][0] == {
        "path": "feed",
        "type": "number ≥ 0",
        "required": True,
        "default": None,
        "description": "F, feed rate of u [1/time]",
    }
    assert told["outputs"]["u"].startswith("(height, width, frames), float32")
    assert told["documentation"].startswith("Gray-Scott")

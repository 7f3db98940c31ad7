from __future__ import annotations

import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from labrun import Ensemble, Findings, Outline
from labrun.kit.classification import Classification
from labrun_montage import Montage
from labrun_phase_map import PhaseMap

CLASSES = ("alpha", "a/b", "a b", "never")


@pytest.fixture
def simulation() -> Ensemble:
    """Nine members, each of one value, 0, 1, … 8."""
    arrays = [{"u": np.full((64, 64), float(i), np.float32)} for i in range(9)]
    return Ensemble.from_arrays(arrays, {"kill": np.linspace(1, 2, 9), "feed": [0.5] * 9, "note": ["x"] * 9}, "scan")


@pytest.fixture
def classes(simulation) -> Findings:
    """Members 0 to 4 are alpha, ever surer; 5 to 7 and 8 are two others."""
    p = np.full((9, 4), 0.01)
    for member, best in enumerate([0, 0, 0, 0, 0, 1, 1, 1, 2]):
        p[member, best] = 0.5 + member / 20
    return Classification(simulation.parameters[["kill", "feed"]], CLASSES, p / p.sum(axis=1, keepdims=True)).findings()


def data_of(findings: Findings) -> dict:
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', findings.html["montage"])[1])


def test_a_picture_for_each_class_that_occurs_the_surest_first(simulation, classes):
    findings = Montage(colormap="gray").analyse(classes, simulation)
    pictures = [name for name in findings.files if name.startswith("montage")]
    assert pictures == ["montage_alpha.png", "montage_a_b.png", "montage_a_b_2.png"]
    image = np.asarray(Image.open(io.BytesIO(findings.files["montage_alpha.png"])).convert("L"))
    assert image.shape == (2 * 66, 3 * 66)
    shown = [int(image[66 * row + 30, 66 * column + 30]) for row in range(2) for column in range(3)]
    grey = [round(255 * value / 8) for value in range(9)]
    assert shown == [grey[4], grey[3], grey[2], grey[1], grey[0], 0]


def test_the_table_counts_patterns(simulation, classes):
    novelty = Findings(tables={"members": simulation.parameters.assign(score=1.0, novel=[True, *[False] * 7, True])})
    findings = Montage().analyse(classes, simulation, novelty)
    table = findings.tables["classes"]
    assert table["patterns"].to_dict() == {"alpha": 5, "a/b": 3, "a b": 1, "never": 0}
    assert table["novel"].tolist() == [1, 0, 1, 0]
    probability = classes.tables["members"]["probability"]
    assert table["mean probability"]["alpha"] == pytest.approx(probability[:5].mean())
    assert findings.metrics == {"patterns": 9, "novel": 2}


def test_the_page_knows_every_pattern(simulation, classes):
    data = data_of(Montage().analyse(classes, simulation))
    assert data["members"] == list(range(9))
    assert data["axes"] == ["kill", "feed"]
    assert data["sortable"] == ["kill", "feed"]
    assert data["parameters"]["note"] == ["x"] * 9
    assert data["novel"] is data["score"] is None
    assert data_of(Montage(y="kill").analyse(classes, simulation))["axes"] == ["feed", "kill"]


def test_maps_and_montages_of_one_simulation_have_the_same_sheets(simulation, classes):
    montage = Montage().analyse(classes, simulation).files
    sheets = PhaseMap(x="kill", y="feed").analyse(classes, simulation).files
    assert sheets
    assert sheets == {name: montage[name] for name in sheets}


def test_one_member(rng):
    simulation = Ensemble.from_arrays([{"u": rng.random((6, 9))}], {"kill": [1.0]}, "scan")
    classes = Classification(simulation.parameters, ("only",), np.ones((1, 1))).findings()
    findings = Montage().analyse(classes, simulation)
    assert findings.metrics == {"patterns": 1}
    assert data_of(findings)["axes"] is None


def test_an_axis_of_text_is_refused(simulation, classes):
    with pytest.raises(ValueError, match="'note' cannot be an axis of the small map"):
        Montage(x="note").analyse(classes, simulation)


def test_check_tells_what_is_missing():
    plugin = Montage(x="kil", array="v")
    outline = Outline("scan", plugin, ("kill",), {"u": ""})
    assert dict(plugin.check(simulation=outline, classes=None, novelty=None)) == {
        "array": "'scan' gives no array 'v' (known: u)",
        "x": "the table of 'scan' has no column 'kil': did you mean 'kill'?",
    }


def test_names_of_any_length_make_files(rng, tmp_path):
    names = ("迷宫" * 150, "long " * 60 + "a", "long " * 60 + "b", "$$")
    simulation = Ensemble.from_arrays(
        [{"u": rng.random((6, 9))} for _ in names], {"kill": [1.0, 2.0, 3.0, 4.0]}, "scan"
    )
    findings = Montage().analyse(Classification(simulation.parameters, names, np.eye(4)).findings(), simulation)
    assert len([name for name in findings.files if name.startswith("montage_")]) == 4
    findings.save(tmp_path / "findings")

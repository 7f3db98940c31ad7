from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from labrun import Ensemble, Findings, Outline
from labrun.kit.classification import Classification
from labrun_phase_map import PhaseMap

HOPF = "(feed + kill)**2 - feed*sqrt(kill)"


def make_scan(rng, kill, feed, classes=3) -> tuple[Findings, Ensemble]:
    """Patterns of noise, and probabilities drawn at random; the members are those of the returned classification."""
    arrays = [{"u": rng.random((8, 12, 2)).astype(np.float32)} for _ in kill]
    simulation = Ensemble.from_arrays(arrays, {"kill": list(kill), "feed": list(feed)}, "scan")
    probabilities = rng.dirichlet(np.full(classes, 0.5), len(kill))
    names = tuple(f"class {i}" for i in range(classes))
    return Classification(simulation.parameters, names, probabilities).findings(), simulation


@pytest.fixture
def grid(rng):
    kill, feed = np.meshgrid(np.linspace(0.03, 0.07, 7), np.linspace(0.01, 0.09, 5))
    return make_scan(rng, kill.ravel(), feed.ravel())


@pytest.fixture
def novelty(grid):
    table = grid[1].parameters
    return Findings(tables={"members": table.assign(score=table["kill"], novel=table["kill"] > 0.06)})


def data_of(findings: Findings) -> dict:
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', findings.html["map"])[1])


def test_tables_metrics_figure_and_fragment(grid, novelty):
    plugin = PhaseMap(x="kill", y="feed", lines={"Hopf": HOPF})
    findings = plugin.analyse(*grid, novelty)
    members = grid[0].tables["members"]
    assert findings.metrics["cells"] == 35
    assert findings.metrics["mean entropy"] == pytest.approx(members["entropy"].mean())
    assert findings.metrics["share novel"] == pytest.approx(10 / 35)
    expected = members["class"].value_counts()
    counted = findings.tables["classes"]["cells"]
    assert {name: count for name, count in counted.items() if count} == expected.to_dict()
    cells = findings.tables["cells"].sort_values(["feed", "kill"], ignore_index=True)
    pd.testing.assert_series_equal(cells["class"], members["class"].reset_index(drop=True))
    left, right, _ = findings.figures["phase_map"].axes
    assert (left.get_xlabel(), left.get_ylabel(), right.get_xlabel()) == ("kill", "feed", "kill")
    legend = {text.get_text() for text in findings.figures["phase_map"].legends[0].get_texts()}
    assert legend == {*expected.index, "Hopf", "novel"}
    data = data_of(findings)
    assert (data["simulation"], data["x"], data["y"]) == ("scan", "kill", "feed")
    assert [c["count"] for c in data["classes"]] == counted.tolist()
    assert data["lines"][0]["paths"]


def test_members_at_one_point_are_averaged(rng):
    classes, simulation = make_scan(rng, [0.1, 0.1, 0.2], [1.0, 1.0, 1.0])
    cells = PhaseMap(x="kill", y="feed").analyse(classes, simulation).tables["cells"]
    p = classes.tables["members"].filter(like="p_").to_numpy()
    mean = p[:2].mean(axis=0)
    assert cells["members"].tolist() == [2, 1]
    assert cells["probability"].tolist() == pytest.approx([mean.max(), p[2].max()])
    assert cells["entropy"][0] == pytest.approx(-(mean * np.log(mean)).sum())


@pytest.mark.parametrize("count", [1, 2, 3, 40])
def test_irregular_and_tiny_sweeps(rng, count):
    findings = PhaseMap(x="kill", y="feed").analyse(*make_scan(rng, rng.random(count), rng.random(count)))
    assert findings.metrics["cells"] == count
    assert "share novel" not in findings.metrics
    assert "novel" not in findings.tables["cells"]


def test_one_class_and_constant_patterns(rng):
    arrays = [{"u": np.full((8, 12), 0.5, np.float32)}] * 6
    simulation = Ensemble.from_arrays(arrays, {"kill": [1, 2, 3] * 2, "feed": [1, 1, 1, 2, 2, 2]}, "scan")
    classes = Classification(simulation.parameters, ("only",), np.ones((6, 1))).findings()
    findings = PhaseMap(x="kill", y="feed").analyse(classes, simulation)
    assert findings.metrics["mean entropy"] == 0
    assert findings.tables["classes"]["cells"].to_dict() == {"only": 6}


def test_findings_can_be_saved_and_are_the_same_again(grid, tmp_path):
    plugin = PhaseMap(x="kill", y="feed", lines={"Hopf": HOPF})
    for name in ("once", "again"):
        plugin.analyse(*grid).save(tmp_path / name)
    for path in (tmp_path / "once").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_a_line_that_does_not_cross_the_map_is_told(grid):
    findings = PhaseMap(x="kill", y="feed", lines={"far": "kill - 7"}).analyse(*grid)
    assert findings.warnings == ["The line 'far' does not cross the map."]


def test_names_from_a_project_cannot_leave_the_data(rng):
    wicked = '</script><script>alert(1)</script>"{{file:secret}}'
    arrays = [{"u": rng.random((8, 12))} for _ in range(2)]
    simulation = Ensemble.from_arrays(arrays, {"kill": [1.0, 2.0], "feed": [1.0, 1.0], "label": [wicked, "a"]}, wicked)
    classes = Classification(simulation.parameters[["kill", "feed"]], (wicked, "b"), np.eye(2)).findings()
    findings = PhaseMap(x="kill", y="feed").analyse(classes, simulation)
    assert "alert(1)</script>" not in findings.html["map"]
    assert "{{file:secret" not in findings.html["map"]
    data = data_of(findings)
    assert data["simulation"] == data["classes"][0]["name"] == data["parameters"]["label"][0] == wicked


def test_check_tells_what_is_wrong():
    plugin = PhaseMap(x="kil", y="feed", array="w", lines={"a": "__import__('os')", "b": "feed - kil", "c": "feed +"})
    outline = Outline("scan", plugin, ("kill", "feed"), {"u": "", "v": ""})
    problems = list(plugin.check(simulation=outline, classes=None, novelty=None))
    assert problems[0] == ("array", "'scan' gives no array 'w' (known: u, v)")
    assert problems[1] == ("x", "the table of 'scan' has no column 'kil': did you mean 'kill'?")
    assert [field for field, _ in problems[2:]] == ["lines", "lines"]
    assert problems[2][1].startswith("a: '__import__('os')' is not allowed; an expression may contain numbers")
    assert problems[3][1].startswith("c: 'feed +' is not an expression")
    same = PhaseMap(x="feed", y="feed")
    assert [*same.check(simulation=outline)] == [("y", "x and y are both 'feed'; a map needs two different parameters")]


def test_a_project_with_a_wrong_line_is_refused_with_its_place(write_project, labrun, waves):
    analyses = """
  map: {use: phase_map, from: {classes: spread, simulation: train}, with: {x: amplitude, y: class, lines: {Hopf: amplitude.real}}}
"""
    outcome = labrun("check", write_project(waves.rstrip() + analyses))
    assert outcome.code == 2
    assert "analyses.map.with.lines: Hopf: 'amplitude.real' is not allowed" in outcome.err

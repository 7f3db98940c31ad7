"""The graph of stages: links run in the gaps between columns, or in lanes that no box covers."""

from __future__ import annotations

import random
import re
from itertools import combinations
from pathlib import Path

import pytest

from labrun.faults import ProjectFaults
from labrun.planning.plan import Planned
from labrun.project.load import load
from labrun.report.graph import draw_graph
from labrun.report.layers import HEIGHT, WIDTH, lay_out

ROOT = Path(__file__).parents[4]
NUMBER = r"(-?[\d.]+)"


def crossings(boxes, links, lanes):
    """The pairs of a link and a box that overlap. A curve whose control points are in a gap stays in that gap."""
    found = []
    for (x0, y0), (x1, y1) in [*links, *lanes]:
        for x, y in boxes:
            beside = x1 <= x or x0 >= x + WIDTH
            above_or_below = max(y0, y1) < y or min(y0, y1) > y + HEIGHT
            if not beside and not above_or_below:
                found.append(((x0, y0), (x1, y1), (x, y)))
    return found


def overlaps(boxes):
    return [
        pair
        for pair in combinations(boxes, 2)
        if all(abs(a - b) < size for a, b, size in zip(*pair, (WIDTH, HEIGHT), strict=True))
    ]


def expect_sound(drawing):
    corners = list(drawing.boxes.values())
    assert crossings(corners, drawing.links, drawing.lanes) == []
    assert overlaps(corners) == []
    points = [point for line in [*drawing.links, *drawing.lanes] for point in line]
    assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in points)
    assert all(x >= 0 and y >= 0 and x + WIDTH <= drawing.width and y + HEIGHT <= drawing.height for x, y in corners)


def test_a_link_over_a_box_goes_around_it():
    """a → b → c and a → c: without a lane, the second would run behind b."""
    drawing = lay_out({"a": [], "b": ["a"], "c": ["a", "b"]})
    expect_sound(drawing)
    assert len(drawing.lanes) == 1
    assert len(drawing.links) == 4
    assert drawing.lanes[0][0][1] != drawing.boxes["b"][1] + HEIGHT / 2


def test_links_of_one_box_share_their_lane():
    drawing = lay_out({"a": [], "b": ["a"], "c": ["b"], "d": ["a", "c"], "e": ["a", "c"]})
    expect_sound(drawing)
    assert len(drawing.lanes) == 2  # through the columns of b and c


def test_boxes_in_a_row_lie_at_one_height():
    drawing = lay_out({"a": [], "b": ["a"], "c": ["b"]})
    assert len({y for _, y in drawing.boxes.values()}) == 1


def test_nothing_to_draw():
    assert lay_out({}).boxes == {}


@pytest.mark.parametrize("seed", range(30))
def test_random_graphs(seed):
    rng = random.Random(seed)
    names = [f"s{i}" for i in range(rng.randint(2, 40))]
    needs = {name: set(rng.sample(names[:i], min(i, rng.randint(0, 4)))) for i, name in enumerate(names)}
    drawing = lay_out(needs)
    expect_sound(drawing)
    for name, inputs in needs.items():
        assert all(drawing.boxes[one][0] + WIDTH < drawing.boxes[name][0] for one in inputs)


@pytest.mark.parametrize("path", sorted((ROOT / "projects").glob("*.yaml")), ids=lambda path: path.stem)
def test_no_edge_runs_behind_a_box_in_any_bundled_project(path, monkeypatch):
    """Asserted from the coordinates in the SVG."""
    monkeypatch.chdir(ROOT)
    try:
        project = load(path)
    except ProjectFaults as error:  # it needs files that are not in the repository
        pytest.skip(str(error).splitlines()[0])
    svg = draw_graph([Planned(stage, "", "", {}, {}) for stage in project.stages.values()], {})
    boxes = [(float(x), float(y)) for x, y in re.findall(rf'<rect x="{NUMBER}" y="{NUMBER}"', svg)]
    curves = re.findall(rf'd="M{NUMBER},{NUMBER} C{NUMBER},{NUMBER} {NUMBER},{NUMBER} {NUMBER},{NUMBER}"', svg)
    lanes = re.findall(rf'd="M{NUMBER},{NUMBER} H{NUMBER}"', svg)
    assert len(curves) + len(lanes) == svg.count("<path")
    assert len(boxes) == len({(stage.section, stage.base) for stage in project.stages.values()})
    straight = [((float(x0), float(y)), (float(x1), float(y))) for x0, y, x1 in lanes]
    curved = [((float(c[0]), float(c[1])), (float(c[6]), float(c[7]))) for c in curves]
    assert all(float(c[0]) <= float(c[2]) <= float(c[6]) and float(c[0]) <= float(c[4]) <= float(c[6]) for c in curves)
    assert crossings(boxes, curved, straight) == []

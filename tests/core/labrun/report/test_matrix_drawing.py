"""The drawings of a matrix: which axes get lines, which a heat map, and where the marks stand."""

import re

import pytest

from labrun import Interval, Measure
from labrun.report.content import StageContent
from labrun.report.matrix_drawing import draw_matrix


def stage(value, **axes):
    name = ",".join(f"{key}={one}" for key, one in axes.items())
    content = StageContent(
        id=f"analyses.a[{name}]", name=name, base="a", section="analyses", plugin="p", summary="", outcome="done",
        problem="", traceback="", seconds=1.0, key="", values={f"with.{key}": one for key, one in axes.items()},
        inputs=[], settings=[],
    )  # fmt: skip
    content.measures = {"r": Measure(value, name="r", key=True, interval=Interval(value - 0.1, value + 0.1))}
    return content


def test_lines_over_an_axis_of_numbers_go_through_the_means_over_seeds():
    (drawing,) = draw_matrix([stage(0.1 * x + 0.01 * seed, width=x, seed=seed) for x in (1, 2, 4) for seed in (0, 1)])
    assert drawing.quantity == "r"
    svg = str(drawing.svg)
    points = [tuple(map(float, pair.split(","))) for pair in re.search(r'points="([^"]+)"', svg)[1].split()]
    assert len(points) == 3
    assert points[1][0] - points[0][0] == pytest.approx((points[2][0] - points[1][0]) / 2, abs=0.2)  # linear
    dots = [float(y) for y in re.findall(r'cy="([\d.]+)"', svg)]
    assert points[0][1] == pytest.approx(sum(dots[:2]) / 2, abs=0.2)
    assert svg.count('class="whisker"') == 6


def test_numbers_over_orders_of_magnitude_are_evenly_spaced():
    (drawing,) = draw_matrix([stage(0.5 + rate, rate=rate) for rate in (0.001, 0.01, 0.1)])
    x = [float(one) for one in re.findall(r'cx="([\d.]+)"', str(drawing.svg))]
    assert x[1] - x[0] == pytest.approx(x[2] - x[1], abs=0.2)


def test_two_axes_make_a_heat_map_whose_strongest_cell_is_the_highest():
    stages = [stage(x * (1 if y == "a" else 2), width=x, kind=y) for x in (1, 2) for y in ("a", "b")]
    (drawing,) = draw_matrix(stages)
    opacities = [float(one) for one in re.findall(r'fill-opacity="([\d.]+)"', str(drawing.svg))]
    assert len(opacities) == 4
    assert opacities.index(max(opacities)) == 3
    assert "across: width, down: kind" in drawing.svg


@pytest.mark.parametrize("axes", [{"kind": ["a", "b", "c"]}, {"width": [1, 2]}, {"seed": [0, 1, 2]}])
def test_other_axes_are_left_to_dots_and_whiskers(axes):
    ((name, values),) = axes.items()
    assert draw_matrix([stage(0.5 + 0.1 * i, **{name: value}) for i, value in enumerate(values)]) == []


def test_names_are_escaped():
    stages = [stage(0.5 + 0.1 * i, **{"<b>": one, "k": k}) for i, one in enumerate(("<i>", "x")) for k in (1, 2)]
    (drawing,) = draw_matrix(stages)
    assert "<b>" not in drawing.svg
    assert "<i>" not in drawing.svg

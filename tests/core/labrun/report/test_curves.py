"""Curves of a training so far: points at their places, in words for who cannot see them."""

from __future__ import annotations

import math
import re

from labrun.report.curves import BOTTOM, HEIGHT, LEFT, PANELS, RIGHT, TOP, WIDTH, draw_curves


def points_of(svg: str, style: str) -> list[tuple[float, ...]]:
    (found,) = re.findall(f'<polyline class="{style}" points="([^"]*)"', svg)
    return [tuple(map(float, point.split(","))) for point in found.split()]


def test_curve_and_its_validation_share_a_panel_and_its_axes():
    steps = [
        (1, {"loss": 4.0, "val_loss": 3.0}),
        (2, {"loss": 2.0, "val_loss": 0.0}),
        (3, {"loss": 1.0, "val_loss": 2.0}),
    ]
    (panel,) = draw_curves(steps, "epochs")
    assert (panel.name, panel.last, panel.validation) == ("loss", "1", "2")
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    middle, height = (LEFT + right) / 2, bottom - TOP
    assert points_of(panel.svg, "training") == [
        (LEFT, TOP),
        (middle, TOP + height / 2),
        (right, round(TOP + 0.75 * height, 1)),
    ]
    assert points_of(panel.svg, "validation")[1] == (middle, bottom)
    assert 'aria-label="loss from 1 to 3 epochs; last: 1, validation 2"' in panel.svg


def test_nothing_is_drawn_of_one_step_and_of_what_is_not_finite():
    (panel,) = draw_curves([(5, {"loss": 0.25})], "epochs")
    assert "<polyline" not in panel.svg
    assert (panel.last, panel.validation) == ("0.25", "")
    (panel,) = draw_curves([(1, {"loss": math.nan}), (2, {"loss": 1.0}), (3, {"loss": 1.0})], "epochs")
    assert len(points_of(panel.svg, "training")) == 2
    assert draw_curves([], "epochs") == []


def test_names_come_from_a_plugin():
    steps = [(1, {f"<b>{i}": 1.0 for i in range(9)})]
    panels = draw_curves(steps, "epochs")
    assert len(panels) == PANELS
    assert "<b>" not in panels[0].svg

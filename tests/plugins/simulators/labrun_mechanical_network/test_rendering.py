"""Pictures against what covers them: a slow version with many samples a pixel, Pillow, Matplotlib, and the ink that must be there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from labrun_mechanical_network import matplotlib_rendering
from labrun_mechanical_network.layout import Layout
from labrun_mechanical_network.rendering import render, stamp

SHAPE = (40, 60)
SAMPLES = 16


def layout(places, segments=(), dot_radius=2.3, line_width=1.4):
    return Layout(
        SHAPE,
        np.array(places, float).reshape(-1, 2),
        np.array(segments, float).reshape(-1, 2, 2),
        dot_radius,
        line_width,
    )


def sample_axis(side):
    """The places of the samples along one axis: `SAMPLES` in each pixel, whose middle has a whole number."""
    return (np.arange(side * SAMPLES) + 0.5) / SAMPLES - 0.5


def covered(start, end, radius):
    """The share of each pixel nearer than `radius` to a segment: samples counted."""
    y, x = np.meshgrid(sample_axis(SHAPE[0]), sample_axis(SHAPE[1]), indexing="ij")
    step = np.subtract(end, start)
    along = ((x - start[0]) * step[0] + (y - start[1]) * step[1]) / max(step @ step, 1e-12)
    along = np.clip(along, 0, 1)
    inside = np.hypot(x - start[0] - along * step[0], y - start[1] - along * step[1]) < radius
    return inside.reshape(SHAPE[0], SAMPLES, SHAPE[1], SAMPLES).mean(axis=(1, 3))


NETWORK = layout(
    [[10.3, 8.8], [30.6, 12.1], [20.2, 30.4], [49.0, 31.7]],
    [
        [[10.3, 8.8], [30.6, 12.1]],
        [[30.6, 12.1], [20.2, 30.4]],
        [[20.2, 30.4], [10.3, 8.8]],
        [[49, 31.7], [30.6, 12.1]],
    ],
)


@pytest.mark.parametrize("dot_radius", [0.8, 2.3, 5.0])
@pytest.mark.parametrize("line_width", [0.4, 1.4, 3.0])
def test_pixels_are_as_dark_as_they_are_covered(dot_radius, line_width):
    network = layout(NETWORK.places, NETWORK.segments, dot_radius, line_width)
    light = np.prod([1 - covered(place, place, dot_radius) for place in network.places], axis=0)
    dots, drawing = render(network)
    np.testing.assert_allclose(dots / 255, light, atol=0.03)
    light *= np.prod([1 - covered(*segment, line_width / 2) for segment in network.segments], axis=0)
    np.testing.assert_allclose(drawing / 255, light, atol=0.1)
    assert np.abs(drawing / 255 - light).mean() < 0.001
    assert (255.0 - drawing).sum() / 255 == pytest.approx((1 - light).sum(), rel=0.01)


@pytest.mark.parametrize("width", [0.2, 0.7, 1.0, 2.6])
def test_a_line_has_the_ink_of_its_width(width):
    """Between two places far from its round ends, at any angle."""
    for end in ([55.0, 10.0], [55.0, 23.0], [40.0, 39.0], [45.0, 40.0]):
        light = np.ones(SHAPE, np.float32)
        stamp(light, np.array([[15.0, 10.0]]), np.array([end]), width / 2, 0.0)
        assert (1 - light)[:, 25:35].sum() == pytest.approx(
            width * 10 * np.hypot(1, (end[1] - 10) / (end[0] - 15)), rel=1e-5
        )


@pytest.mark.parametrize("radius", [0.1, 0.25, 0.3, 0.4, 0.6, 1.0, 3.0])
def test_a_dot_has_the_ink_of_its_area_however_small(rng, radius):
    places = rng.uniform([0, 0], [0.5, 0.5], (300, 2)) + [20, 20]
    ink = np.mean([255.0 - render(layout([place], dot_radius=radius))[0] for place in places], axis=0).sum() / 255
    assert ink == pytest.approx(np.pi * radius**2, rel=0.02 if radius > 0.5 else 0.3, abs=0.06)


def test_a_bare_end_is_round():
    light = np.ones(SHAPE, np.float32)
    stamp(light, np.array([[10.3, 10.6]]), np.array([[40.2, 25.5]]), 1.5, 0.0)
    assert (1 - light).sum() == pytest.approx(3 * np.hypot(29.9, 14.9) + np.pi * 1.5**2, rel=0.005)


def test_a_line_along_an_axis_is_exact():
    light = np.ones(SHAPE, np.float32)
    stamp(light, np.array([[5.0, 10.2]]), np.array([[50.0, 10.2]]), 0.45, 0.0)
    np.testing.assert_allclose(1 - light[9:12, 30], [0, 0.75, 0.15], atol=1e-6)
    light = np.ones(SHAPE, np.float32)
    stamp(light, np.array([[5.0, 10.2]]), np.array([[50.0, 10.2]]), 1.25, 0.0)
    np.testing.assert_allclose(1 - light[8:13, 30], [0, 0.55, 1, 0.95, 0], atol=1e-6)


def test_pillow_draws_the_same():
    """Shapes at 16 times the size, reduced by the mean: the usual way."""
    dots, drawing = render(NETWORK)
    width, height = SHAPE[1] * SAMPLES, SHAPE[0] * SAMPLES
    large = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(large)
    places, segments = ((SAMPLES * (ends + 0.5) - 0.5).round() for ends in (NETWORK.places, NETWORK.segments))
    for place in places:
        pen.circle(tuple(place), SAMPLES * NETWORK.dot_radius, fill=0)
    reduced = [np.asarray(large.reduce(SAMPLES), float)]
    for start, end in segments:
        pen.line([*start, *end], width=round(SAMPLES * NETWORK.line_width), fill=0)
        pen.circle(tuple(end), SAMPLES * NETWORK.line_width / 2, fill=0)
    reduced.append(np.asarray(large.reduce(SAMPLES), float))
    for ours, theirs in zip((dots, drawing), reduced, strict=True):
        assert np.abs(ours - theirs).max() < 0.15 * 255  # where a line meets a dot within one pixel
        assert np.abs(ours - theirs).mean() < 0.005 * 255


def test_matplotlib_draws_the_same():
    for ours, theirs in zip(render(NETWORK), matplotlib_rendering.render(NETWORK), strict=True):
        assert theirs.shape == SHAPE
        assert theirs.dtype == np.uint8
        assert np.abs(ours.astype(float) - theirs).max() < 0.1 * 255
        assert np.abs(ours.astype(float) - theirs).mean() < 0.003 * 255


@pytest.mark.parametrize("draw", [render, matplotlib_rendering.render])
def test_ink_is_grey_and_does_not_darken_where_it_overlaps(draw):
    grey = replace(NETWORK, dot_level=90, line_level=140, dot_radius=4.0, line_width=5.0)
    dots, drawing = draw(grey)
    at = NETWORK.places.round().astype(int)
    assert (np.abs(dots[at[:, 1], at[:, 0]].astype(int) - 90) <= 1).all()
    assert dots.min() >= 89
    assert (np.abs(drawing[at[:, 1], at[:, 0]].astype(int) - 140) <= 2).all()  # three lines meet in two of them
    assert dots[0, 0] == drawing[0, 0] == 255


@pytest.mark.parametrize("draw", [render, matplotlib_rendering.render])
def test_a_dot_stands_at_its_place(rng, draw):
    for place in rng.uniform(8, 30, (20, 2)):
        ink = 255.0 - draw(layout([place], dot_radius=rng.uniform(0.9, 4)))[0]
        rows, columns = np.indices(SHAPE)
        centre = [(axis * ink).sum() / ink.sum() for axis in (columns, rows)]
        np.testing.assert_allclose(centre, place, atol=0.06)


def test_what_lies_outside_is_cut_off():
    whole, cut = layout([[30, 20]]), layout([[59.5, 20], [1e6, -1e6], [-0.5, 39.5]], [[[-50, 5], [200, 5]]])
    dots, drawing = render(cut)
    area = np.pi * whole.dot_radius**2
    assert (255.0 - dots).sum() / 255 == pytest.approx(area / 2 + area / 4, rel=0.02)
    assert (drawing[5] < 10).all()

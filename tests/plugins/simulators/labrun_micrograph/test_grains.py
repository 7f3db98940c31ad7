"""Grains and voids on an oblong periodic plane, against every point and every image of it tried out."""

from __future__ import annotations

import numpy as np
import pytest

from labrun_micrograph import grains
from labrun_micrograph.grains import Microstructure

SHAPE = (23, 37)


def images_of(point):
    """A point and its images in the planes around."""
    return [np.array(point) + (down, across) * np.array(SHAPE) for down in (-1, 0, 1) for across in (-1, 0, 1)]


def distance(place, point):
    return min(np.linalg.norm(np.array(place) - image) for image in images_of(point))


def places():
    return [(row, column) for row in range(SHAPE[0]) for column in range(SHAPE[1])]


def microstructure(rng, count=7, voids=0, radius=4.0):
    return Microstructure.random(SHAPE, count, 30.0, voids, radius, rng)


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_a_pixel_belongs_to_the_nearest_point_of_the_periodic_plane(rng, count):
    structure = microstructure(rng, count)
    expected = [1 + np.argmin([distance(place, point) for point in structure.points]) for place in places()]
    _, labels = structure.picture(2.0, 0.0, rng)
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels.ravel(), expected)


def test_distances_are_those_to_the_nearest_point(rng):
    structure = microstructure(rng)
    expected = [min(distance(place, point) for point in structure.points) for place in places()]
    np.testing.assert_allclose(structure.distances().ravel(), expected)


def test_boundaries_are_as_dark_as_the_nearest_one_is_near(rng):
    """The boundary with another grain: halfway between the two points, each in its image that is nearest to the pixel."""
    structure = microstructure(rng, count=12)
    expected = []
    for place in places():
        near = [min(images_of(point), key=lambda image: np.linalg.norm(place - image)) for point in structure.points]
        order = sorted(range(len(near)), key=lambda i: np.linalg.norm(place - near[i]))
        own, others = near[order[0]], [near[i] for i in order[1:]]
        edge = min(
            abs(np.dot((own + other) / 2 - place, other - own)) / np.linalg.norm(other - own) for other in others
        )
        expected.append(60 + (structure.levels[order[0]] - 60) * (1 - np.exp(-2 * (edge / 3.0) ** 2)))
    image, _ = structure.picture(3.0, 0.0, rng)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image.ravel(), np.clip(np.round(expected), 0, 255))


def test_one_grain_has_no_boundary(rng):
    structure = microstructure(rng, count=1)
    image, _ = structure.picture(3.0, 0.0, rng)
    assert (image == np.round(structure.levels[0])).all()


def test_voids_are_dark_discs_of_the_periodic_plane(rng):
    structure = Microstructure(
        SHAPE, np.array([[3.0, 3.0]]), np.array([200.0]), np.array([[0.3, 36.2]]), np.array([5.0])
    )
    image, labels = structure.picture(2.0, 0.0, rng)
    outside = np.array([distance(place, structure.voids[0]) - 5.0 for place in places()]).reshape(SHAPE)
    np.testing.assert_array_equal(labels, np.where(outside < 0, 0, 1))
    assert set(image[outside < -0.5]) == {25}
    assert set(image[outside > 0.5]) == {200}
    np.testing.assert_allclose(image, 25 + 175 * np.clip(outside + 0.5, 0, 1), atol=0.51)


def test_a_void_larger_than_the_plane_leaves_nothing_else(rng):
    structure = microstructure(rng, voids=1, radius=200.0)
    image, labels = structure.picture(2.0, 0.0, rng)
    assert (labels == 0).all()
    assert (image == 25).all()


def test_noise_is_that_of_the_sensor(rng):
    structure = Microstructure((200, 300), np.array([[3.0, 3.0]]), np.array([120.0]), np.empty((0, 2)), np.empty(0))
    image, _ = structure.picture(2.0, 6.0, rng)
    residual = image.astype(float) - 120
    assert residual.mean() == pytest.approx(0, abs=0.1)
    assert residual.std() == pytest.approx(np.sqrt(36 + 1 / 12), rel=0.01)
    neighbours = np.corrcoef(residual[:, 1:].ravel(), residual[:, :-1].ravel())[0, 1]
    assert neighbours == pytest.approx(0, abs=0.02)


def test_the_picture_does_not_depend_on_how_many_rows_are_worked_on_at_once(monkeypatch):
    def picture():
        rng = np.random.default_rng(4)
        return microstructure(rng, voids=5).picture(2.0, 6.0, rng)

    whole = picture()
    monkeypatch.setattr(grains, "PIXELS_AT_ONCE", 100)
    np.testing.assert_array_equal(picture(), whole)


def test_what_is_drawn_has_the_moments_that_are_told(rng):
    structure = Microstructure.random(SHAPE, 20_000, 20.0, 20_000, 6.0, rng)
    for places_ in (structure.points, structure.voids):
        np.testing.assert_allclose(places_.mean(axis=0), np.array(SHAPE) / 2, rtol=0.02)
        assert (places_ >= 0).all()
        assert (places_ < SHAPE).all()
    assert (structure.levels.mean(), structure.levels.std()) == pytest.approx((150, 20), rel=0.02)
    assert (structure.radii.min(), structure.radii.mean(), structure.radii.max()) == pytest.approx((3, 6, 9), rel=0.02)
